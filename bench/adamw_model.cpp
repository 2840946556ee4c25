// The network of adamw_bench: three hidden layers, 8 inference steps for each learning step by Adam with
// decoupled weight decay (Loshchilov and Hutter 2019): a step of Adam on F, then one of descent on |W|^2 / 2.
#include "bench/tanh_network.hpp"

freefall::program define() {
  using namespace freefall;
  const auto by_adam = [](auto F, auto W, auto b, auto learning_rate) {
    return descend(F, W, b, adam(learning_rate));
  };
  const auto decay = [](auto, auto W, auto, auto learning_rate) {
    axis<"pixel"> pixel;
    axis<"hidden"> hidden;
    axis<"label"> label;
    auto size = (sum(square(W[1_c]), hidden[1_c], pixel) + sum(square(W[2_c]), hidden[2_c], hidden[1_c]) +
                 sum(square(W[3_c]), hidden[3_c], hidden[2_c]) + sum(square(W[4_c]), label, hidden[3_c])) /
                2;
    return descend(size, W, rate(learning_rate * input<"weight_decay">()));
  };
  return tanh_network<3, 8>(by_adam, decay);
}

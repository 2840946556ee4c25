// Networks learn to repeat what they were shown one and two ticks ago. Their derivatives come from inference:
// one sweep from the last tick back, which is backpropagation through time, and a number of simultaneous
// steps that need not have settled.

#include <recurrent_views.hpp>

#include <freefall/runtime/initialise.hpp>

#include "models/support/learner.hpp"
#include "models/support/run.hpp"

namespace {

using namespace freefall::models;
namespace rt = freefall::runtime;
using Network = recurrent::instance;

constexpr std::size_t sequences = recurrent::extent::batch, ticks = recurrent::extent::t,
                      features = recurrent::extent::feature, labels = recurrent::extent::label;
constexpr std::size_t updates_of_epoch = 10, tests = 100;  // batches
static_assert(labels == 2);

// Sequences of signs; what is to be said is the first of each tick one tick late, the second two ticks late.
void show(Network& net, const rt::stream& draws, std::uint64_t batch) {
  auto x = net.x_array(), y = net.y_array();
  for (std::size_t b = 0; b < sequences; ++b) {
    for (std::size_t t = 0; t < ticks; ++t) {
      for (std::size_t i = 0; i < features; ++i)
        x(b, t, i) = draws.uniform(((batch * sequences + b) * ticks + t) * features + i) < 0.5 ? -1 : 1;
      y(b, t, 0) = t >= 1 ? x(b, t - 1, 0) : 0;
      y(b, t, 1) = t >= 2 ? x(b, t - 2, 1) : 0;
    }
  }
}

struct Student : Learner<Network> {
  Student(std::string called, void (*how)(Network&), double step, std::uint64_t seed)
      : Learner{std::move(called), how} {
    Network& net = kernels;
    const auto draw = [&](auto weights, const char* stream) {
      const auto scale = std::sqrt(1 / static_cast<double>(weights.cols()));
      rt::initialise::normal(std::span<double>(weights.data(), static_cast<std::size_t>(weights.size())),
                             scale, rt::stream(seed, stream));
    };
    draw(net.W1(), "W1");
    draw(net.U1(), "U1");
    draw(net.W2(), "W2");
    draw(net.U2(), "U2");
    draw(net.V(), "V");
    net.eta() = step;
  }

  // One step down the derivatives of a batch. The axes of a result stand in order of their names.
  void learn(double rate) {
    Network& net = kernels;
    infer(net);
    const double down = rate / static_cast<double>(sequences);
    net.W1() -= down * net.by_W1().transpose();
    net.U1() -= down * net.by_U1();
    net.b1() -= down * net.by_b1();
    net.W2() -= down * net.by_W2().transpose();
    net.U2() -= down * net.by_U2();
    net.b2() -= down * net.by_b2();
    net.V() -= down * net.by_V();
    net.c() -= down * net.by_c();
  }

  // Mean square error of what is said about sequences that are not learned from.
  double test(const rt::stream& held_out) {
    Network& net = kernels;
    double sum = 0;
    for (std::size_t n = 0; n < tests; ++n) {
      show(net, held_out, n);
      const std::vector<double> wanted(net.y_array().begin(), net.y_array().end());
      net.predict();  // now y holds the answers
      const auto said = net.y_array();
      std::size_t k = 0;
      for (const double y : said) sum += std::pow(y - wanted[k++], 2);
    }
    return sum / static_cast<double>(tests * sequences * ticks * labels);
  }
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Recurrent networks learn to repeat what was one and two ticks ago.", "recurrent_experiment"};
  RunSettings settings;
  settings.epochs = 60;
  double rate = 0.05, step = 0.1;
  add_run_options(app, settings, "epochs, each of 10 updates of the weights on three new sequences");
  add_positive_option(app, "--learning-rate", rate, "of the weights, for the mean over three sequences");
  add_positive_option(app, "--inference-rate", step, "of the 40 simultaneous steps; at 1 they settle");
  return experiment_main(app, argc, argv, [&] {
    std::array<Student, 2> learners = {
        {{"one sweep (backpropagation)", [](auto& n) { n.sweep(); }, step, settings.seed},
         {fmt::format("40 steps of {}", step), [](auto& n) { n.relax(); }, step, settings.seed}}};
    const rt::stream training(settings.seed, "training"), held_out(settings.seed, "held out");
    Run run(settings, "recurrent");
    run.keep_each(learners, recurrent::tensors());
    run.each([&](std::size_t epoch) {
      std::array<double, 2> energy{}, error{};
      for (std::size_t k = 0; k < learners.size(); ++k) {
        Student& l = learners[k];
        for (std::uint64_t n = 0; n < updates_of_epoch; ++n) {
          show(l.kernels, training, epoch * updates_of_epoch + n);
          l.learn(rate);
        }
        error[k] = l.test(held_out);
        show(l.kernels, held_out, 0);
        l.kernels.strict();
        energy[k] = l.kernels.energy() / static_cast<double>(sequences);
        run.results.append("Error on sequences held out, mean square", "epoch", l.name, error[k]);
        run.results.append("Free energy after inference, nats a sequence", "epoch", l.name, energy[k]);
      }
      if (run.is_last_of(10, epoch))
        fmt::print("epoch {:>4}  error {:.5f} ({}: {:.5f})\n", epoch + 1, error[0], learners[1].name,
                   error[1]);
    });
    for (Student& l : learners)
      run.results.figure("error on sequences held out, " + l.name, l.test(held_out));
    run.results.save();
  });
}

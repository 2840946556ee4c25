#include <cmath>
#include <cstdio>

#include "agent_views.hpp"

namespace {
enum move { ask, open_left, open_right };
enum reward { nothing, food, shock };
}  // namespace

int main() {
  agent::instance agent;
  auto R = agent.R_array();
  auto K = agent.K_array();
  for (std::size_t door = 0; door < 2; ++door) {
    R(nothing, ask, door) = 1;
    R(door == 0 ? food : shock, open_left, door) = 1;
    R(door == 1 ? food : shock, open_right, door) = 1;
    for (std::size_t answer = 0; answer < 2; ++answer) {
      K(answer, ask, door) = answer == door ? 0.95 : 0.05;  // who is asked errs now and then
      K(answer, open_left, door) = K(answer, open_right, door) = 0.5;
    }
  }
  agent.S().setIdentity();
  const double log_preference[] = {0, 2, -6};
  for (int i = 0; i < 3; ++i) agent.wanted()(i) = std::exp(log_preference[i]);
  agent.wanted() /= agent.wanted().sum();
  agent.gamma() = 4;
  agent.c() << 0.5, 0.5;

  const std::size_t truth = 1;  // the food is behind the right door
  constexpr const char* names[] = {"ask", "open left", "open right"};
  for (int tick = 0; tick < 4; ++tick) {
    agent.plan();
    Eigen::Index chosen = 0;
    agent.a().maxCoeff(&chosen);
    std::printf("food left %.3f, right %.3f; G %.2f %.2f %.2f: %s\n", agent.c()(0), agent.c()(1),
                agent.G()(0), agent.G()(1), agent.G()(2), names[chosen]);
    if (chosen != ask) break;
    agent.r() = nothing;
    agent.k() = static_cast<double>(truth);
    agent.perceive();
  }
}

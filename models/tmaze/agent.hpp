#pragma once
// The maze as a world, and the agent in it: what the kernels are given and what is done with what they give.
//
// Instance is tmaze::instance, or tmaze_learning::instance for an agent that has to learn the table of
// rewards.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <freefall/runtime/random.hpp>

namespace freefall::models::tmaze {

enum place : std::size_t { centre, left, right, cue };
enum reward : std::size_t { nothing, win, loss };

/// In the arm that fits the context a win has probability 0.98, in the other 0.02.
inline double reward_table(std::size_t reward, std::size_t at, std::size_t context) {
  if (at == centre || at == cue) return reward == nothing ? 1 : 0;
  const bool fits = (at == left) == (context == 0);
  return reward == nothing ? 0 : (reward == win) == fits ? 0.98 : 0.02;
}
inline double cue_table(std::size_t shown, std::size_t at, std::size_t context) {
  return at == cue ? shown == context : 0.5;
}

/// Log preferences over nothing, win, loss.
using preference = std::array<double, 3>;

template <class Instance>
struct agent {
  Instance kernels;
  static constexpr bool learns = requires(Instance& i) { i.learn(); };

  /// Counts, for an agent that learns: of each reward at each place and context, `counts` times the true
  /// table, and `vague` of everything.
  agent(double gamma, const preference& log_preference, double counts = 0, double vague = 0) {
    for (std::size_t i = 0; i < 4; ++i) {
      kernels.L().data()[5 * i] = 1;
      for (std::size_t j = 0; j < 4; ++j)
        kernels.B_array().data()[(4 * i + j) * 4 + i] = 1;  // move u leads to u
      for (std::size_t c = 0; c < 2; ++c) {
        for (std::size_t k = 0; k < 2; ++k)
          kernels.K_array().data()[(4 * k + i) * 2 + c] = cue_table(k, i, c);
        for (std::size_t r = 0; r < 3; ++r) {
          const std::size_t at = (4 * r + i) * 2 + c;
          if constexpr (learns) {
            kernels.R_concentration_array().data()[at] = counts * reward_table(r, i, c) + vague;
          } else {
            kernels.R_array().data()[at] = reward_table(r, i, c);
          }
        }
      }
    }
    if constexpr (learns) kernels.begin();
    double sum = 0;
    for (const double p : log_preference) sum += std::exp(p);
    for (std::size_t r = 0; r < 3; ++r) kernels.wanted().data()[r] = std::exp(log_preference[r]) / sum;
    std::fill_n(kernels.habit().data(), 16, 1.0 / 16);
    kernels.gamma() = gamma;
    return_to_centre();
  }

  /// The belief of a new trial: in the centre, the context unknown.
  void return_to_centre() {
    for (std::size_t i = 0; i < 4; ++i) kernels.s().data()[i] = i == centre;
    believe(0.5);
  }
  void believe(double first_context) {
    kernels.c().data()[0] = first_context;
    kernels.c().data()[1] = 1 - first_context;
  }

  /// Expected free energy of the first move, and of both.
  double near(std::size_t first) { return kernels.G_near().data()[first]; }
  double two(std::size_t first, std::size_t second) { return kernels.G().data()[4 * first + second]; }

  /// The move that plan() or sample() has chosen.
  std::size_t chosen() {
    const double* a = kernels.a().data();
    return static_cast<std::size_t>(std::max_element(a, a + 4) - a);
  }
  void move_to(std::size_t place) {
    for (std::size_t i = 0; i < 4; ++i) kernels.a().data()[i] = i == place;
  }
  /// What is seen after the chosen move: where, what reward, what cue.
  void perceive(std::size_t at, std::size_t reward, std::size_t shown) {
    kernels.w() = static_cast<double>(at);
    kernels.r() = static_cast<double>(reward);
    kernels.k() = static_cast<double>(shown);
    kernels.perceive();
  }
};

/// The maze, with draws of its own.
class world {
 public:
  explicit world(std::uint64_t seed) : draws_(seed, "world") {}

  struct outcome {
    std::size_t reward, cue;
  };
  void begin() { context_ = uniform() < 0.5 ? 0 : 1; }
  std::size_t context() const { return context_; }
  outcome visit(std::size_t at) {
    outcome out{};
    const double u = uniform();
    double sum = reward_table(out.reward, at, context_);
    while (u >= sum && out.reward < loss) sum += reward_table(++out.reward, at, context_);
    out.cue = at == cue ? context_ : uniform() < 0.5 ? 0 : 1;
    return out;
  }

  std::uint64_t drawn = 0;  ///< how far its draws are; between trials all there is to know of it

 private:
  double uniform() { return draws_.uniform(drawn++); }

  runtime::stream draws_;
  std::size_t context_ = 0;
};

struct trial {
  std::array<std::size_t, 2> visited;
  std::size_t context;
  bool fits;  ///< the last place is the arm of the context
  bool won;
};

/// One trial of two moves: perceive, plan, act, and, where the agent does, learn.
template <class Instance>
trial run(agent<Instance>& a, world& maze, bool sampled = false) {
  trial out{};
  maze.begin();
  out.context = maze.context();
  a.return_to_centre();
  for (std::size_t& place : out.visited) {
    sampled ? a.kernels.sample() : a.kernels.plan();
    place = a.chosen();
    const world::outcome seen = maze.visit(place);
    a.perceive(place, seen.reward, seen.cue);
    if constexpr (agent<Instance>::learns) a.kernels.learn();
    out.won = seen.reward == win;
  }
  out.fits = out.visited[1] == (out.context == 0 ? left : right);
  return out;
}

}  // namespace freefall::models::tmaze

// The agent in the maze: perceive, plan, act, learn. With a known maze it asks first and then takes the right
// arm; with an unknown table of rewards it finds out.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "models/tmaze/agent.hpp"
#include "tmaze_learning_views.hpp"
#include "tmaze_views.hpp"

namespace {

namespace maze = freefall::models::tmaze;

template <class Instance>
void report(const char* name, maze::agent<Instance>& agent, int trials, int block, std::uint64_t seed,
            bool sampled) {
  maze::world world(seed);
  agent.kernels.draw_seed = seed;
  fmt::print("{}\n  trials       cue first  right arm  rewarded\n", name);
  int asked = 0, right = 0, won = 0, from = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const maze::trial t = maze::run(agent, world, sampled);
    asked += t.visited[0] == maze::cue;
    right += t.fits;
    won += t.won;
    if (trial + 1 != trials && (trial + 1) % block != 0) continue;
    const double n = trial + 1 - from;
    fmt::print("  {:4} - {:4}  {:9.3f}  {:9.3f}  {:8.3f}\n", from + 1, trial + 1, asked / n, right / n,
               won / n);
    asked = right = won = 0;
    from = trial + 1;
  }
}

}  // namespace

int main(int argc, char** argv) {
  int trials = 2000;
  std::uint64_t seed = 1;
  double gamma = 16;
  bool sampled = false;
  CLI::App app{"A T-maze with a cue: two arms, one rewarded, and a place that tells which."};
  app.add_option("--trials", trials, "number of trials of two moves")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", seed, "of the maze and of sampled actions")->capture_default_str();
  app.add_option("--gamma", gamma, "precision of the posterior over policies")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_flag("--sampled", sampled, "draw actions from their posterior in place of the most probable one");
  CLI11_PARSE(app, argc, argv);
  const int block = std::max(1, trials / 4);
  maze::agent<tmaze::instance> known(gamma, {0, 3, -3}), averse(gamma, {0, 2, -6});
  maze::agent<tmaze_learning::instance> learning(gamma, {0, 3, -3}, 0, 0.25);
  report("known maze, log preferences 0, 3, -3", known, trials, block, seed, sampled);
  report("known maze, averse to losses: 0, 2, -6", averse, trials, block, seed, sampled);
  report("unknown rewards: 1/4 of a count of each", learning, trials, block, seed, sampled);
}

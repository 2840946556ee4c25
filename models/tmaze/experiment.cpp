// Three agents in the maze: perceive, plan, act, learn. With a known maze they ask first and then take the
// right arm; with an unknown table of rewards the third finds out.

#include "models/support/run.hpp"
#include "models/tmaze/agent.hpp"
#include "tmaze_learning_views.hpp"
#include "tmaze_views.hpp"

namespace {

namespace maze = freefall::models::tmaze;
using freefall::models::Run;

// One of the agents with a maze of its own.
template <class Instance>
struct Player {
  const char* name;
  maze::agent<Instance> agent;
  maze::world world;

  Player(const char* called, maze::agent<Instance> with, std::uint64_t seed)
      : name(called), agent(std::move(with)), world(seed) {
    agent.kernels.draw_seed = seed;
  }

  // An epoch of trials: which part of them asked first, ended in the right arm, was rewarded.
  void play(Run& run, std::size_t epoch, int trials, bool sampled) {
    int asked = 0, right = 0, won = 0;
    for (int k = 0; k < trials; ++k) {
      const maze::trial t = maze::run(agent, world, sampled);
      asked += t.visited[0] == maze::cue;
      right += t.fits;
      won += t.won;
    }
    const double n = trials;
    fmt::print("epoch {:>3}  {:<34}  cue first {:.3f}  right arm {:.3f}  rewarded {:.3f}\n", epoch + 1, name,
               asked / n, right / n, won / n);
    run.results.append("Trials that ask the cue first", "epoch", name, asked / n);
    run.results.append("Trials that end in the right arm", "epoch", name, right / n);
    run.results.append("Trials that are rewarded", "epoch", name, won / n);
  }
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A T-maze with a cue: two arms, one rewarded, and a place that tells which.",
               "tmaze_experiment"};
  freefall::models::RunSettings settings;
  settings.seed = 1;
  settings.epochs = 20;
  int trials = 100;
  double gamma = 16;
  bool sampled = false;
  add_run_options(app, settings, "number of epochs, each of --trials trials");
  freefall::models::add_positive_option(app, "--trials", trials, "trials of an epoch, of two moves each");
  freefall::models::add_positive_option(app, "--gamma", gamma, "precision of the posterior over policies");
  app.add_flag("--sampled", sampled, "draw actions from their posterior in place of the most probable one");
  return freefall::models::experiment_main(app, argc, argv, [&] {
    const std::uint64_t seed = settings.seed;
    Player<tmaze::instance> known("maze known", {gamma, {0, 3, -3}}, seed);
    Player<tmaze::instance> averse("maze known, averse to losses", {gamma, {0, 2, -6}}, seed);
    Player<tmaze_learning::instance> learner("rewards learned", {gamma, {0, 3, -3}, 0, 0.25}, seed);
    Run run(settings, "tmaze");
    run.keep("known/", known.agent.kernels, tmaze::tensors());
    run.keep("averse/", averse.agent.kernels, tmaze::tensors());
    run.keep("learner/", learner.agent.kernels, tmaze_learning::tensors());
    run.keep("known/world", known.world.drawn);
    run.keep("averse/world", averse.world.drawn);
    run.keep("learner/world", learner.world.drawn);
    run.each([&](std::size_t epoch) {
      known.play(run, epoch, trials, sampled);
      averse.play(run, epoch, trials, sampled);
      learner.play(run, epoch, trials, sampled);
    });
    run.results.save();
  });
}

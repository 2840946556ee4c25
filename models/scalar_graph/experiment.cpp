// How inference on the branching graph settles, step by step for several step sizes, by the interpreter; and
// its parameter learned from six examples, by the kernels.

#include <scalar_graph_views.hpp>

#include <freefall/runtime/random.hpp>

#include "models/scalar_graph/stepper.hpp"
#include "models/support/learner.hpp"
#include "models/support/run.hpp"

namespace {

using freefall::models::add_positive_option;
using freefall::models::Learner;
using freefall::models::Run;
using freefall::models::RunSettings;
using freefall::models::scalar_graph::exact_by_v0;
using freefall::models::scalar_graph::Stepper;
using Graph = ::scalar_graph::instance;

constexpr std::array<double, 4> rates = {0.05, 0.1, 0.2, 0.5};
constexpr std::size_t examples = ::scalar_graph::extent::batch;
constexpr double true_theta = 2, first_theta = 1.5;

// Learns theta from examples whose targets the function itself gives at the true one.
struct Student : Learner<Graph> {
  Student(const char* called, void (*how)(Graph&), double step, std::uint64_t seed) : Learner{called, how} {
    Graph& graph = kernels;
    const freefall::runtime::stream draws(seed, "inputs");
    for (std::size_t k = 0; k < examples; ++k)
      graph.v0()(static_cast<Eigen::Index>(k)) = 4 + 2 * draws.uniform(k);  // where tan is far from its poles
    graph.weight() = 2;
    graph.eta() = step;
    graph.theta() = true_theta;
    graph.predict();  // sets the targets
    graph.theta() = first_theta;
  }
  void learn(double rate) {
    infer(kernels);
    kernels.theta() -= rate * kernels.by_theta() / static_cast<double>(examples);
  }
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Inference on a graph of scalars that branches.", "scalar_graph_experiment"};
  RunSettings settings;
  settings.epochs = 100;
  double rate = 0.05, step = 0.1;
  freefall::models::add_run_options(app, settings,
                                    "epochs: a step of inference at every rate, and one of learning");
  add_positive_option(app, "--learning-rate", rate, "of theta, for the mean over six examples");
  add_positive_option(app, "--inference-rate", step,
                      "of the 100 simultaneous steps that precede a step of learning");
  return freefall::models::experiment_main(app, argc, argv, [&] {
    std::vector<Stepper> settling;
    for (const double eta : rates) settling.emplace_back("relax", eta);
    Stepper strict("strict", 0.01L);  // at 0.05 it leaps over the minimum
    std::array<Student, 2> learners = {
        {{"one sweep (backpropagation)", [](auto& g) { g.sweep(); }, step, settings.seed},
         {"100 simultaneous steps", [](auto& g) { g.relax(); }, step, settings.seed}}};
    Run run(settings, "scalar_graph");
    run.keep_each(learners, ::scalar_graph::tensors());
    std::size_t steps = 0;  // made so far; a run that is resumed makes those before its epoch again
    run.each([&](std::size_t epoch) {
      for (; steps <= epoch; ++steps) {
        for (Stepper& s : settling) s.step();
        strict.step();
      }
      double error = 0;
      for (std::size_t k = 0; k < rates.size(); ++k) {
        error = static_cast<double>(std::fabs(settling[k].by_v0() / exact_by_v0() - 1));
        const std::string name = fmt::format("eta {}", rates[k]);
        // Below the rounding of the numbers there is nothing to see.
        run.results.append("Error of dL/dv0, power of ten", "step", name, std::log10(std::max(error, 1e-18)));
        run.results.append("Free energy with the predictions held, nats", "step", name,
                           static_cast<double>(settling[k].energy()));
      }
      run.results.append("Free energy without hold, nats", "step", "eta 0.01",
                         static_cast<double>(strict.energy()));
      for (Student& l : learners) {
        l.learn(rate);
        run.results.append("Distance of theta from the truth", "step", l.name,
                           std::fabs(l.kernels.theta() - true_theta));
      }
      if (run.is_last_of(10, epoch))
        fmt::print("epoch {:>4}  error of dL/dv0 at eta 0.5 {:.2e}  theta {:.6f} ({}: {:.6f})\n", epoch + 1,
                   error, learners[0].kernels.theta(), learners[1].name, learners[1].kernels.theta());
    });
    for (Student& l : learners) run.results.figure(fmt::format("theta, {}", l.name), l.kernels.theta());
    run.results.save();
  });
}

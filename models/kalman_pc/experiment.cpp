// Four filters follow the accelerating body through the same three sensors: the Kalman filter, which is the
// one with a normal posterior, and three with a point mass. `kalman_pc_figures` has the medians over many
// sensors.

#include <kalman_pc_body_views.hpp>
#include <kalman_pc_riccati_views.hpp>

#include "models/kalman_pc/body.hpp"
#include "models/support/run.hpp"

namespace {

using namespace freefall::models;
using namespace freefall::models::kalman_pc;

constexpr std::size_t ticks_of_epoch = 10;
constexpr std::array<const char*, 3> components = {"position", "velocity", "acceleration"};

// A filter with its own estimate. `Tick` is the kernel that follows a reading.
template <class Instance>
struct Follower {
  using Tick = void (Instance::*)();

  const char* name;
  Tick tick;
  Instance kernels{};
  std::array<double, 3> squares{};  // of the distance from the truth, over all ticks so far
  double energy = 0, distance = 0;  // over the ticks of an epoch

  Follower(const char* called, Tick how, const matrix& sensors, double step) : name(called), tick(how) {
    kernels.A() = transition();
    kernels.B() = vector(0, 0, 1);
    kernels.C() = sensors;
    kernels.Q() = kernels.R() = matrix::Identity();
    kernels.step() = step;
    if constexpr (requires { kernels.x_precision(); })
      kernels.x_precision() = kernels.x_previous_precision() = matrix::Identity();
  }

  void keep(Run& run, std::span<const freefall::runtime::tensor_info> tensors) {
    const std::string prefix = std::string(name) + "/";
    run.keep(prefix, kernels, tensors);
    run.keep(prefix + "squares", std::span(squares));
  }

  void follow(double control, const vector& reading, const vector& truth) {
    kernels.u()(0) = control;
    kernels.y() = reading;
    (kernels.*tick)();
    energy += kernels.energy() / ticks_of_epoch;
    const vector off = (kernels.x() - truth).cwiseAbs2();
    distance += off.sum() / (3 * ticks_of_epoch);
    for (Eigen::Index i = 0; i < 3; ++i) squares[static_cast<std::size_t>(i)] += off(i);
  }

  void tell(Results& results) {
    const char* x = "epoch of 10 ticks";
    results.append("Position at the end of the epoch", x, name, kernels.x()(0));
    results.append("Distance from the truth, root mean square", x, name, std::sqrt(distance));
    results.append("Free energy after inference, nats a tick", x, name, energy);
    energy = distance = 0;
  }
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Filters follow an accelerating body through three sensors.", "kalman_pc_experiment"};
  RunSettings settings;
  settings.epochs = ticks / ticks_of_epoch;
  double step = 0.05;
  add_run_options(app, settings, "epochs of ten ticks of 1 ms; the flight of the paper has 100");
  add_positive_option(app, "--step", step, "of the descents with five steps");
  return experiment_main(app, argc, argv, [&] {
    const flight body(settings.epochs * ticks_of_epoch);
    const observed_flight seen(body, settings.seed);
    using normal = kalman_pc_riccati::instance;
    using point = kalman_pc_body::instance;
    Follower<normal> kalman{"Kalman filter", &normal::settle, seen.c, 0};
    std::array<Follower<point>, 3> points = {{{"5 steps", &point::tick5, seen.c, step},
                                              {"converged", &point::mode, seen.c, 0},
                                              {"5 steps, unanchored", &point::unanchored5, seen.c, step}}};
    const auto all = [&](const auto& f) {
      f(kalman);
      for (auto& filter : points) f(filter);
    };
    Run run(settings, "kalman_pc");
    kalman.keep(run, kalman_pc_riccati::tensors());
    for (auto& filter : points) filter.keep(run, kalman_pc_body::tensors());
    run.each([&](std::size_t epoch) {
      for (std::size_t t = epoch * ticks_of_epoch; t < (epoch + 1) * ticks_of_epoch; ++t)
        all([&](auto& filter) { filter.follow(body.control[t], seen.sensed[t], body.truth[t]); });
      const std::size_t last = (epoch + 1) * ticks_of_epoch - 1;
      run.results.append("Position at the end of the epoch", "epoch of 10 ticks", "truth",
                         body.truth[last](0));
      if (run.is_last_of(10, epoch))
        fmt::print("epoch {:>4}  {:.0f} ms  position {:.3f}, estimates {:.3f} {:.3f} {:.3f} {:.3f}\n",
                   epoch + 1, static_cast<double>(last + 1), body.truth[last](0), kalman.kernels.x()(0),
                   points[0].kernels.x()(0), points[1].kernels.x()(0), points[2].kernels.x()(0));
      all([&](auto& filter) { filter.tell(run.results); });
    });
    fmt::print("\nroot mean square distance from the truth, {} ticks\n{:<20}", body.truth.size(), "");
    for (const char* component : components) fmt::print(" {:>12}", component);
    all([&](auto& filter) {
      fmt::print("\n{:<20}", filter.name);
      for (std::size_t i = 0; i < 3; ++i) {
        const double off = std::sqrt(filter.squares[i] / static_cast<double>(body.truth.size()));
        fmt::print(" {:>12.4f}", off);
        run.results.figure(fmt::format("{}: {} off by", filter.name, components[i]), off);
      }
    });
    fmt::print("\n");
    run.results.save();
  });
}

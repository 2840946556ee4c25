// Two filters in generalised coordinates watch a pair of states that circle, through three sensors that
// saturate and a smooth noise whose derivatives they see too. One moves with its own motion, the other only
// falls.

#include <generalised_dynamic_views.hpp>

#include <freefall/runtime/random.hpp>
#include <freefall/runtime/temporal_covariance.hpp>

#include "models/support/run.hpp"

namespace {

using namespace freefall::models;
namespace rt = freefall::runtime;

constexpr std::size_t orders = generalised_dynamic::extent::order,
                      senses = generalised_dynamic::extent::sense, ticks_of_epoch = 20;
constexpr double dt = 0.005;        // of an Euler step
constexpr double turn = 1;          // radians of the states per unit of time
constexpr double smoothness = 0.2;  // of the noise, in units of time
constexpr double noise_size = 0.4;  // its standard deviation
using matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// A smooth stationary noise of unit variance with the autocorrelation exp(-h^2 / 2 s^2): waves whose
// frequencies are normal with standard deviation 1 / s, of random phase.
class Waves {
 public:
  explicit Waves(const rt::stream& draws) {
    for (std::size_t k = 0; k < count; ++k) {
      frequency_[k] = draws.normal(2 * k) / smoothness;
      phase_[k] = 2 * std::numbers::pi * draws.uniform(2 * k + 1);
    }
  }
  /// Its n-th derivative.
  double at(double time, std::size_t n) const {
    double sum = 0;
    for (std::size_t k = 0; k < count; ++k)
      sum += std::pow(frequency_[k], n) *
             std::cos(frequency_[k] * time + phase_[k] + std::numbers::pi / 2 * static_cast<double>(n));
    return sum * std::sqrt(2.0 / count);
  }

 private:
  static constexpr std::size_t count = 200;
  std::array<double, count> frequency_, phase_;
};

// What happens, and what the senses show of it: x' = H x, y = tanh(C x) + noise, with their derivatives.
struct World {
  matrix H = (matrix(2, 2) << 0, -turn, turn, 0).finished(), C{senses, 2};
  std::vector<Waves> noise;

  explicit World(std::uint64_t seed) {
    rt::stream(seed, "sensors").fill_normal(std::span(C.data(), senses * 2));
    C /= 2;
    for (std::size_t i = 0; i < senses; ++i) noise.emplace_back(rt::stream(seed, fmt::format("noise {}", i)));
  }
  Eigen::Vector2d state(double time) const { return {std::cos(turn * time), std::sin(turn * time)}; }

  /// [order, sense]
  matrix seen(double time) const {
    matrix y(orders, senses);
    const Eigen::Vector2d x = state(time);
    const Eigen::VectorXd drive = C * x, speed = C * (H * x), bend = C * (H * (H * x));
    for (Eigen::Index i = 0; i < static_cast<Eigen::Index>(senses); ++i) {
      const double value = std::tanh(drive(i)), slope = 1 - value * value;
      y(0, i) = value;
      y(1, i) = slope * speed(i);
      y(2, i) = slope * (bend(i) - 2 * value * speed(i) * speed(i));
      for (std::size_t n = 0; n < orders; ++n)
        y(static_cast<Eigen::Index>(n), i) += noise_size * noise[static_cast<std::size_t>(i)].at(time, n);
    }
    return y;
  }
};
static_assert(orders == 3);

struct Filter {
  using Tick = void (generalised_dynamic::instance::*)();

  const char* name;
  Tick tick;
  generalised_dynamic::instance kernels{};
  double squares = 0;               // of the distance from the truth, over all ticks so far
  double energy = 0, distance = 0;  // over the ticks of an epoch

  Filter(const char* called, Tick how, const World& world, double precision) : name(called), tick(how) {
    rt::temporal_covariance(orders, smoothness, kernels.S().data());
    kernels.H() = world.H;
    kernels.C() = world.C;
    kernels.Py() = matrix::Identity(senses, senses) / (noise_size * noise_size);
    kernels.Px() = matrix::Identity(2, 2) * precision;
    kernels.step() = dt;
  }

  void follow(const matrix& seen, const Eigen::Vector2d& truth) {
    kernels.y() = seen;
    energy += kernels.energy() / ticks_of_epoch;
    (kernels.*tick)();
    const double off = (kernels.x().row(0).transpose() - truth).squaredNorm() / 2;
    distance += off / ticks_of_epoch;
    squares += off;
  }
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Filters in generalised coordinates watch two states that circle.",
               "generalised_filter_experiment"};
  RunSettings settings;
  settings.epochs = 200;
  double precision = 4;
  add_run_options(app, settings, "epochs of 0.1 units of time; the states circle once in 63 of them");
  add_positive_option(app, "--prior-precision", precision, "of the motion of the states");
  return experiment_main(app, argc, argv, [&] {
    const World world(settings.seed);
    std::array<Filter, 2> filters = {
        {{"moving frame", &generalised_dynamic::instance::tick, world, precision},
         {"at rest", &generalised_dynamic::instance::resting, world, precision}}};
    Run run(settings, "generalised_filter");
    for (Filter& f : filters) {
      const std::string prefix = std::string(f.name) + "/";
      run.keep(prefix, f.kernels, generalised_dynamic::tensors());
      run.keep(prefix + "squares", f.squares);
    }
    run.each([&](std::size_t epoch) {
      const char* x = "epoch of 0.1 units of time";
      Eigen::Vector2d truth;
      for (std::size_t t = epoch * ticks_of_epoch; t < (epoch + 1) * ticks_of_epoch; ++t) {
        const matrix seen = world.seen(dt * static_cast<double>(t));
        truth = world.state(dt * static_cast<double>(t + 1));  // where a tick takes the estimate
        for (Filter& f : filters) f.follow(seen, truth);
      }
      run.results.append("First state", x, "truth", truth(0));
      for (Filter& f : filters) {
        run.results.append("First state", x, f.name, f.kernels.x()(0, 0));
        run.results.append("Distance from the truth, root mean square", x, f.name, std::sqrt(f.distance));
        run.results.append("Free energy, nats", x, f.name, f.energy);
      }
      if (run.is_last_of(20, epoch))
        fmt::print(
            "epoch {:>4}  free energy {:.3f} (at rest {:.3f})  distance from the truth {:.4f} ({:.4f})\n",
            epoch + 1, filters[0].energy, filters[1].energy, std::sqrt(filters[0].distance),
            std::sqrt(filters[1].distance));
      for (Filter& f : filters) f.energy = f.distance = 0;
    });
    for (const Filter& f : filters) {
      const double off = std::sqrt(f.squares / static_cast<double>(settings.epochs * ticks_of_epoch));
      fmt::print("{}: distance from the truth {:.4f}\n", f.name, off);
      run.results.figure(fmt::format("distance from the truth, {}", f.name), off);
    }
    run.results.save();
  });
}

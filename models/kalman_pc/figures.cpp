// The table of distances of the filters on the accelerating body, and the two exact filters.

#include "models/support/figures.hpp"

#include <kalman_pc_tanh.hpp>

#include <fmt/format.h>

#include "models/kalman_pc/distances.hpp"
#include "models/kalman_pc/reference.hpp"

namespace freefall::models::kalman_pc {
namespace {

constexpr std::array<const char*, 3> components = {"position", "velocity", "acceleration"};

struct row {
  const char* method;
  distances fifty;       // medians over 50 sensors of an independent implementation, two digits
  distances population;  // medians over 20,000 sensors of another, in NumPy
  distances
      spread;  // standard deviation of a median over 50, relative to the population, from the same 20,000
};

constexpr std::array<row, 7> table = {{
    {"kalman", {{.73, .79, .77}, {}}, {{.728, .731, .734}, {}}, {{.080, .092, .086}, {}}},
    {"5_steps",
     {{.33, .33, .33}, {.58, .64, .56}},
     {{.324, .323, .324}, {.554, .557, .560}},
     {{.012, .012, .012}, {.125, .140, .134}}},
    {"2_steps",
     {{.26, .26, .27}, {.62, .69, .63}},
     {{.265, .265, .264}, {.610, .612, .617}},
     {{.012, .013, .013}, {.109, .124, .117}}},
    {"converged",
     {{.51, .51, .55}, {.33, .38, .30}},
     {{.516, .516, .517}, {.306, .306, .311}},
     {{.039, .039, .038}, {.212, .224, .226}}},
    {"riccati_20_steps",
     {{.59, .58, .63}, {.16, .16, .12}},
     {{.620, .622, .622}, {.114, .113, .115}},
     {{.058, .058, .058}, {.373, .393, .398}}},
    {"unanchored_5_steps",
     {{1.06, 1.31, 1.44}, {1.20, 1.37, 1.54}},
     {{1.143, 1.182, 1.409}, {1.253, 1.273, 1.478}},
     {{.325, .345, .337}, {.294, .322, .325}}},
    {"unanchored_2_steps",
     {{1.93, 2.47, 2.68}, {2.18, 2.51, 2.77}},
     {{2.062, 2.135, 2.632}, {2.161, 2.222, 2.698}},
     {{.319, .346, .312}, {.303, .329, .305}}},
}};

// Calls f(row, part, component) for every cell that holds a distance other than zero; part: the member of
// `distances`.
template <class F>
void each_cell(const F& f) {
  for (std::size_t r = 0; r < table.size(); ++r)
    for (const auto part : {&distances::truth, &distances::kalman})
      for (std::size_t i = 0; i < 3; ++i)
        if ((table[r].fifty.*part)[i] > 0) f(r, part, i);
}

using part = std::array<double, 3> distances::*;

std::string cell_name(std::size_t r, part of, std::size_t i) {
  return fmt::format("{}.to_{}.{}", table[r].method, of == &distances::truth ? "truth" : "kalman",
                     components[i]);
}

std::vector<distances> all_medians(const std::vector<std::vector<distances>>& sample, std::size_t first,
                                   std::size_t count) {
  std::vector<distances> out;
  for (std::size_t m = 0; m < table.size(); ++m) out.push_back(medians(sample, m, first, count));
  return out;
}

std::vector<std::vector<distances>> sample(std::size_t count, const watch& progress) {
  return sample_distances(methods(), 0, count, [&](std::size_t done) { progress(done, count); });
}

// ---- the table

constexpr double percent = 15;

experiment thousand_sensors() {
  experiment out{"sensors", cost::quick, "medians over 1000 random sensors", {}, {}};
  each_cell([&](std::size_t r, part of, std::size_t i) {
    out.figures.push_back({cell_name(r, of, i), within_percent((table[r].population.*of)[i], percent),
                           "an independent implementation in NumPy, 20,000 sensors"});
  });
  out.measure = [](const watch& progress) {
    const auto found = all_medians(sample(1000, progress), 0, 1000);
    std::vector<double> values;
    each_cell([&](std::size_t r, part of, std::size_t i) { values.push_back((found[r].*of)[i]); });
    return values;
  };
  return out;
}

constexpr std::size_t many = 20000, set = 50;

// Four cells of the table of 50 sensors are not certain to be within 15 percent of the median over all
// sensors, two standard errors of which are counted: the standard deviations of a median over 50 are 22 to 39
// percent there.
bool beyond_sampling(std::size_t r, part of, std::size_t i) {
  const double to_population = (table[r].population.*of)[i] / (table[r].fifty.*of)[i];
  const double standard_error = (table[r].spread.*of)[i] * to_population *
                                std::sqrt(static_cast<double>(set) / static_cast<double>(many));
  return std::fabs(to_population - 1) + 2 * standard_error > percent / 100;
}

// The largest distance of the medians of a set of fifty sensors from those of all, in standard deviations.
double largest_deviation(const std::vector<distances>& of_set, const std::vector<distances>& of_all,
                         const std::vector<distances>& deviation) {
  double largest = 0;
  each_cell([&](std::size_t r, part of, std::size_t i) {
    largest = std::max(largest, std::fabs((of_set[r].*of)[i] - (of_all[r].*of)[i]) / (deviation[r].*of)[i]);
  });
  return largest;
}

experiment table_of_fifty() {
  experiment out{"fifty", cost::slow, "the table over 50 random sensors as a sample of 20,000", {}, {}};
  const std::string source = "an independent implementation, 50 sensors";
  each_cell([&](std::size_t r, part of, std::size_t i) {
    if (beyond_sampling(r, of, i))
      out.figures.push_back({cell_name(r, of, i) + ".spread",
                             within_percent((table[r].spread.*of)[i], percent),
                             "standard deviation of a median over 50, in NumPy, 20,000 sensors"});
    else
      out.figures.push_back({cell_name(r, of, i), within_percent((table[r].fifty.*of)[i], percent), source});
  });
  out.figures.push_back({"share_of_sets_further_off", at_least(0.05), source});
  out.measure = [](const watch& progress) {
    const auto found = sample(many, progress);
    const auto all = all_medians(found, 0, many);
    std::vector<std::vector<distances>> sets;
    for (std::size_t first = 0; first < many; first += set) sets.push_back(all_medians(found, first, set));
    std::vector<distances> deviation(table.size()), published;
    each_cell([&](std::size_t r, part of, std::size_t i) {
      double sum = 0, squares = 0;
      for (const auto& s : sets) {
        sum += (s[r].*of)[i];
        squares += std::pow((s[r].*of)[i], 2);
      }
      const double n = static_cast<double>(sets.size()), mean = sum / n;
      (deviation[r].*of)[i] = std::sqrt(squares / n - mean * mean);
    });
    std::vector<double> values;
    each_cell([&](std::size_t r, part of, std::size_t i) {
      values.push_back(beyond_sampling(r, of, i) ? (deviation[r].*of)[i] / (all[r].*of)[i] : (all[r].*of)[i]);
    });
    for (const row& r : table) published.push_back(r.fifty);
    const double own = largest_deviation(published, all, deviation);
    const auto further = std::ranges::count_if(
        sets, [&](const auto& s) { return largest_deviation(s, all, deviation) > own; });
    values.push_back(static_cast<double>(further) / static_cast<double>(sets.size()));
    return values;
  };
  return out;
}

// ---- the exact filters

std::vector<double> linear(const watch&) {
  double mean = 0, covariance = 0;
  const flight body;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const observed_flight seen(body, seed);
    normal_filter f(seen.c);
    kalman exact;
    for (std::size_t t = 0; t < ticks; ++t) {
      f.u = body.control[t];
      f.y = seen.sensed[t];
      f.run(kalman_pc_riccati::settle);
      exact.tick(seen.c, f.u, f.y);
      mean = std::max(mean, (f.x - exact.mean).cwiseAbs().maxCoeff());
      covariance =
          std::max(covariance, (matrix(f.precision.inverse()) - exact.covariance).cwiseAbs().maxCoeff() /
                                   exact.covariance.cwiseAbs().maxCoeff());
    }
  }
  return {mean, covariance};
}

std::vector<double> nonlinear(const watch&) {
  using column = freefall::by_hand::column<double>;
  using jacobian = freefall::by_hand::matrix<double>;
  using extended = filter<kalman_pc_tanh::arrays, 2>;
  extended f((extended::sensors() << 0.8, -0.5, 0.3, 0.2, 0.9, -0.7).finished());
  f.a << 0.9, 0.3, -0.2, -0.4, 0.8, 0.1, 0.2, -0.3, 0.7;
  f.r *= 0.3;
  f.q *= 0.1;
  const auto slope = [](const column& squashed) -> column { return 1 - squashed.array().square(); };
  namespace by_hand = freefall::by_hand::kalman_pc;
  const by_hand::nonlinear_model<double> model{
      [&](const column& x, const column& u) -> column {
        return column((f.a * x).array().tanh()) + f.b * u(0);
      },
      [&](const column& x, const column&) -> jacobian {
        return slope((f.a * x).array().tanh()).asDiagonal() * f.a;
      },
      [&](const column& x) -> column { return (f.c * x).array().tanh(); },
      [&](const column& x) -> jacobian { return slope((f.c * x).array().tanh()).asDiagonal() * f.c; },
      f.q,
      f.r};
  by_hand::belief<double> exact{vector::Zero(), matrix::Identity()};
  const runtime::stream noise(5, "noise");
  double mean = 0, covariance = 0;
  for (std::uint64_t t = 0; t < 300; ++t) {
    f.u = std::sin(0.1 * static_cast<double>(t));
    f.y << 0.5 * std::tanh(noise.normal(2 * t)), 0.5 * std::tanh(noise.normal(2 * t + 1));
    f.run(kalman_pc_tanh::settle);
    exact = by_hand::iterated_extended_kalman_step<double>(model, exact, column::Constant(1, f.u), f.y, 200);
    mean = std::max(mean, (f.x - exact.mean).cwiseAbs().maxCoeff());
    covariance = std::max(covariance, (f.precision.inverse() - exact.covariance).cwiseAbs().maxCoeff());
  }
  return {mean, covariance};
}

}  // namespace
}  // namespace freefall::models::kalman_pc

int main(int argc, char** argv) {
  using namespace freefall::models;
  return figures_main(argc, argv, "kalman_pc",
                      {{"linear",
                        cost::quick,
                        "largest distance from the Kalman filter, 50 random sensors, 1000 ticks",
                        {{"mean", at_most(1e-10), "Kalman 1960, written by hand"},
                         {"covariance.relative", at_most(1e-10), "Kalman 1960, written by hand"}},
                        kalman_pc::linear},
                       {"nonlinear",
                        cost::quick,
                        "largest distance from the iterated extended Kalman filter, 300 ticks",
                        {{"mean", at_most(1e-10), "Bell and Cathey 1993, written by hand"},
                         {"covariance", at_most(1e-10), "Bell and Cathey 1993, written by hand"}},
                        kalman_pc::nonlinear},
                       kalman_pc::thousand_sensors(),
                       kalman_pc::table_of_fifty()});
}

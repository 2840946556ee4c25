// Held predictions on random acyclic graphs with fan-in and fan-out, programs built at run time.
//
// From the forward values the k-step error has a closed form. Let s_i[d] be the sum over all paths of d edges
// from i to an output of the product of the transposed Jacobians along the path, times the output's error.
// Each step of size eta passes an error on with weight eta and keeps 1 - eta, so after k steps
//   all at once      e_i = sum_d s_i[d] P(Bin(k, eta) >= d)
//   children first   e_i = sum_d s_i[d] P(Bin(k + d - 1, eta) >= d)
// and in the limit e_i = sum_d s_i[d] = -dL/dv_i, reverse-mode differentiation.

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "codegen/calculus/derivative.hpp"
#include "codegen/calculus/derive.hpp"
#include "codegen/calculus/interpret_schedule.hpp"

namespace freefall {
namespace {

using namespace ir;
using Real = long double;
using Vector = std::vector<Real>;

constexpr std::size_t kUnits = 3;

long double tail(int trials, long double eta, int successes) {  // P(Bin(trials, eta) >= successes)
  std::vector<Real> mass(static_cast<std::size_t>(trials) + 1, 0);
  mass[0] = 1;
  for (int t = 0; t < trials; ++t) {
    for (std::size_t n = static_cast<std::size_t>(t) + 2; n-- > 0;)
      mass[n] = mass[n] * (1 - eta) + (n > 0 ? mass[n - 1] * eta : 0);
  }
  Real out = 0;
  for (std::size_t n = static_cast<std::size_t>(successes); n < mass.size(); ++n) out += mass[n];
  return out;
}

// v_i = f_i(sum_j W_ij v_j) * v_m: vertex 0 is given, the last two are observed, the rest is latent. The
// factor v_m, a parent, is left out at some vertices.
struct RandomGraph {
  struct Vertex {
    Function f{};
    std::vector<std::size_t> parents;
    std::vector<Vector> weights;  // row-major, one for each parent
    std::size_t factor = 0;       // number of a vertex; the vertex's own number: none
  };

  explicit RandomGraph(unsigned seed) : random(seed) {
    const std::size_t n = 6 + random() % 4;
    static constexpr Function kFunctions[] = {Function::tanh, Function::sigmoid, Function::sin,
                                              Function::softplus};
    vertices.resize(n);
    for (std::size_t i = 1; i < n; ++i) {
      Vertex& v = vertices[i];
      v.f = kFunctions[random() % 4];
      for (std::size_t j = 0; j < std::min(i, n - 2); ++j) {
        if (random() % 3 != 0 || j + 1 == i) v.parents.push_back(j);
      }
      if (v.parents.empty()) v.parents.push_back(0);
      for (std::size_t k = 0; k < v.parents.size(); ++k) v.weights.push_back(uniform(kUnits * kUnits));
      v.factor = random() % 2 == 0 ? v.parents[random() % v.parents.size()] : i;
    }
    declare();
  }

  Vector uniform(std::size_t count) {
    Vector out;
    for (std::size_t i = 0; i < count; ++i)
      out.push_back(std::uniform_real_distribution<double>(-1, 1)(random));
    return out;
  }
  bool is_output(std::size_t i) const { return i + 2 >= vertices.size(); }

  void declare() {
    Context& c = *program.context;
    const Axis* unit = c.axis("unit");
    const Index own{unit, 0}, other{unit, 1};
    Model model{"graph", {}};
    Family family;
    for (std::size_t i = 0; i < vertices.size(); ++i) {
      tensors.push_back(c.tensor("x" + std::to_string(i), {unit}, Role::variable));
      if (i == 0) continue;
      std::vector<Expr> terms;
      weights.emplace_back();
      for (const std::size_t j : vertices[i].parents) {
        const std::string name = "W" + std::to_string(i) + "_" + std::to_string(j);
        weights.back().push_back(c.tensor(name, {unit, unit}, Role::parameter));
        terms.push_back(make_contract(
            {other}, element(c, weights.back().back()) * make_access(c, tensors[j], {Subscript(other)})));
      }
      Expr mean = make_map(vertices[i].f, {make_sum(c, terms)});
      if (vertices[i].factor != i) mean = mean * element(c, tensors[vertices[i].factor]);
      means.push_back(mean);
      model.factors.push_back({tensors[i], "normal", {{"mean", mean}}, {}});
      if (!is_output(i)) family.members.push_back({tensors[i], "delta", {}});
      if (!is_output(i)) latent.push_back(tensors[i]);
    }
    static_cast<void>(own);
    program.models.push_back(std::move(model));
    program.families.push_back(std::move(family));
    functional = program.free_energy(0, 0);
    eta = c.tensor("eta", {}, Role::input);
  }

  // forward, hold, then the descent `count` times; the gradients for all weights as results.
  Environment<Real> run(bool children_first, std::size_t count, Real step) {
    Program p = program;
    Context& c = *p.context;
    Statement fall{Descend{functional, latent, {"euler", {{"rate", element(c, eta)}}}}, {}};
    if (children_first) fall = {InOrder{{fall}, true}, {}};
    Kernel kernel{"settle", {{Forward{0, 0}, {}}, {Hold{0}, {}}, {Repeat{count, {fall}}, {}}}, {}};
    for (const auto& of_vertex : weights) {
      for (const Tensor* w : of_vertex) {
        const Tensor* result = c.tensor("by_" + w->name, w->axes, Role::output);
        kernel.body.push_back({Evaluate{result, p.gradient(functional, w)}, {}});
      }
    }
    p.kernels = {kernel};
    const calculus::Derivation derivation = calculus::derive(p);
    Environment<Real> environment = inputs();
    environment.set(eta, {step});
    calculus::interpret(derivation.procedures[0].steps, environment);
    return environment;
  }

  Environment<Real> inputs() const {
    Environment<Real> out{Sizes{{{"unit", kUnits}}}};
    std::mt19937 data(7);
    for (const std::size_t i : {std::size_t{0}, vertices.size() - 2, vertices.size() - 1}) {
      Vector x;
      for (std::size_t u = 0; u < kUnits; ++u)
        x.push_back(std::uniform_real_distribution<double>(-1, 1)(data));
      out.set(tensors[i], x);
    }
    for (std::size_t i = 1; i < vertices.size(); ++i) {
      for (std::size_t k = 0; k < weights[i - 1].size(); ++k)
        out.set(weights[i - 1][k], vertices[i].weights[k]);
    }
    return out;
  }

  std::mt19937 random;
  std::vector<Vertex> vertices;
  Program program;
  Expr functional;
  const Tensor* eta = nullptr;
  std::vector<const Tensor*> tensors, latent;
  std::vector<std::vector<const Tensor*>> weights;  // of vertex i at i - 1
  std::vector<Expr> means;                          // of vertex i at i - 1
};

// Forward values and path sums, in plain loops.
struct PathSums {
  explicit PathSums(const RandomGraph& g) : value(g.vertices.size()) {
    const std::size_t n = g.vertices.size();
    const Environment<Real> data = g.inputs();
    sum.assign(n, std::vector<Vector>(n, Vector(kUnits, 0)));
    std::vector<Vector> drive(n, Vector(kUnits, 0));
    value[0] = data.get(g.tensors[0]);
    for (std::size_t i = 1; i < n; ++i) {
      const auto& v = g.vertices[i];
      value[i].resize(kUnits);
      for (std::size_t u = 0; u < kUnits; ++u) {
        for (std::size_t k = 0; k < v.parents.size(); ++k) {
          for (std::size_t w = 0; w < kUnits; ++w)
            drive[i][u] += v.weights[k][u * kUnits + w] * value[v.parents[k]][w];
        }
        value[i][u] = row(v.f).value(&drive[i][u]) * (v.factor == i ? 1 : value[v.factor][u]);
      }
    }
    for (std::size_t j = n; j-- > 1;) {
      if (g.is_output(j)) {
        for (std::size_t u = 0; u < kUnits; ++u) sum[j][0][u] = data.get(g.tensors[j])[u] - value[j][u];
      }
      const auto& v = g.vertices[j];
      for (std::size_t d = 0; d + 1 < n; ++d) {
        for (std::size_t u = 0; u < kUnits; ++u) {
          const Real f = row(v.f).value(&drive[j][u]), slope = derivative(v.f, drive[j][u]);
          const Real outer = slope * (v.factor == j ? 1 : value[v.factor][u]) * sum[j][d][u];
          for (std::size_t k = 0; k < v.parents.size(); ++k) {
            for (std::size_t w = 0; w < kUnits; ++w)
              sum[v.parents[k]][d + 1][w] += v.weights[k][u * kUnits + w] * outer;
          }
          if (v.factor != j) sum[v.factor][d + 1][u] += f * sum[j][d][u];
        }
      }
    }
  }

  static Real derivative(Function f, Real x) {
    const Real y = row(f).value(&x);
    switch (f) {
      case Function::tanh: return 1 - y * y;
      case Function::sigmoid: return y * (1 - y);
      case Function::sin: return std::cos(x);
      default: return 1 / (1 + std::exp(-x));  // softplus
    }
  }

  std::vector<Vector> value;
  std::vector<std::vector<Vector>> sum;  // [vertex][path length]
};

constexpr unsigned kGraphs = 20;

TEST(HeldPredictions, LeaveTheClosedFormErrorAfterAnyNumberOfSteps) {
  for (unsigned seed = 1; seed <= kGraphs; ++seed) {
    RandomGraph g(seed);
    const PathSums expected(g);
    for (const bool children_first : {false, true}) {
      for (const auto& [k, eta] : {std::pair{1, 0.3L}, {4, 0.3L}, {9, 0.1L}, {7, 0.9L}, {6, 1.6L}}) {
        const Environment<Real> found = g.run(children_first, static_cast<std::size_t>(k), eta);
        for (std::size_t i = 1; i + 2 < g.vertices.size(); ++i) {
          for (std::size_t u = 0; u < kUnits; ++u) {
            Real e = 0, scale = 1;
            for (std::size_t d = 1; d < g.vertices.size(); ++d) {
              const int length = static_cast<int>(d);
              e += expected.sum[i][d][u] * tail(children_first ? k + length - 1 : k, eta, length);
              scale += std::fabs(expected.sum[i][d][u]);
            }
            EXPECT_NEAR(found.get(g.tensors[i])[u] - expected.value[i][u], e, 1e-12L * scale)
                << "graph " << seed << ", vertex " << i << ", k " << k << ", eta "
                << static_cast<double>(eta);
          }
        }
      }
    }
  }
}

// dL/dW of the composed function L = sum |y - output|^2 / 2, by the compiler's reverse mode on the
// composition.
TEST(HeldPredictions, GiveTheGradientOfTheComposedFunctionAtTheFixedPoint) {
  for (unsigned seed = 1; seed <= kGraphs; ++seed) {
    RandomGraph g(seed);
    Context& c = *g.program.context;
    std::vector<Expr> composed{element(c, g.tensors[0])}, losses;
    for (std::size_t i = 1; i < g.vertices.size(); ++i) {
      composed.push_back(transform(g.means[i - 1], [&](Expr e) {
        const auto at = std::find(g.latent.begin(), g.latent.end(), e->tensor);
        if (e->op != Op::Access || at == g.latent.end()) return e;
        const auto vertex = static_cast<std::size_t>(at - g.latent.begin()) + 1;
        return substitute(composed[vertex], {{Index{c.find_axis("unit"), 0}, e->subscripts[0]}});
      }));
      if (g.is_output(i))
        losses.push_back(
            Number::ratio(1, 2) *
            make_contract({Index{c.find_axis("unit"), 0}}, power(element(c, g.tensors[i]) - composed[i], 2)));
    }
    const Expr loss = make_sum(c, losses);
    // eta = 1: exact after as many simultaneous steps as the longest path has edges, and after one pass back.
    const Environment<Real> jacobi = g.run(false, g.vertices.size(), 1), sweep = g.run(true, 1, 1);
    for (const auto& of_vertex : g.weights) {
      for (const Tensor* w : of_vertex) {
        const Vector expected = evaluate(calculus::gradient(loss, w), canonical_indices(w), g.inputs()).data;
        const Tensor* result = c.find_tensor("by_" + w->name);
        for (std::size_t i = 0; i < expected.size(); ++i) {
          EXPECT_NEAR(jacobi.get(result)[i], expected[i], 1e-15L * (1 + std::fabs(expected[i]))) << w->name;
          EXPECT_NEAR(sweep.get(result)[i], expected[i], 1e-15L * (1 + std::fabs(expected[i]))) << w->name;
        }
      }
    }
  }
}

TEST(HeldPredictions, DivergeForStepsAboveTwo) {
  RandomGraph g(1);
  const auto displacement = [&](std::size_t k) {
    const auto at = g.run(false, k, 2.05L).get(g.latent[0]);
    return std::fabs(at[0]);
  };
  EXPECT_GT(displacement(2000), 1e6L * displacement(200));
}

}  // namespace
}  // namespace freefall

// The schedules of the recurrent model, interpreted: before planning, and after lowering to loops. Both have
// to agree with the hand-written network to the precision of double.

#include <gtest/gtest.h>

#include <cmath>

#include "codegen/calculus/derive.hpp"
#include "codegen/calculus/interpret_schedule.hpp"
#include "codegen/loop/interpret_loop.hpp"
#include "codegen/plan/pipeline.hpp"
#include "models/recurrent/example.hpp"
#include "models/recurrent/network.hpp"

namespace freefall::test {
namespace {

using namespace models::recurrent;
using Real = long double;

const std::map<std::string, std::size_t> kExtents{{"batch", kBatch}, {"t", kTicks},     {"feature", kFeature},
                                                  {"lower", kLower}, {"upper", kUpper}, {"label", kLabel}};

std::map<std::string, std::vector<Real>> values(const example& s) {
  std::map<std::string, std::vector<Real>> out{{"eta", {0.2L}}};
  for (const auto& [name, from] : {std::pair{"x", &s.x},
                                   {"y", &s.y},
                                   {"W1", &s.W1},
                                   {"U1", &s.U1},
                                   {"b1", &s.b1},
                                   {"W2", &s.W2},
                                   {"U2", &s.U2},
                                   {"b2", &s.b2},
                                   {"V", &s.V},
                                   {"c", &s.c}})
    out[name].assign(from->begin(), from->end());
  return out;
}

template <class Matrix>
void expect_equal(const std::vector<Real>& found, const Matrix& expected, const char* what) {
  for (Eigen::Index i = 0; i < expected.rows(); ++i) {
    for (Eigen::Index j = 0; j < expected.cols(); ++j)
      EXPECT_NEAR(static_cast<double>(found[static_cast<std::size_t>(i * expected.cols() + j)]),
                  expected(i, j), 1e-12)
          << what << " " << i << " " << j;
  }
}

// Calls test(kernel, value of a tensor by name) with each of the interpreters.
template <class Test>
void with_each_interpreter(const char* kernel, Test&& test) {
  const example s;
  const ir::Program program = ::recurrent::network<3>().ir();
  const plan::Compilation compiled = plan::compile(program, {"recurrent", kExtents, plan::Scalar::float64});
  ir::Environment<Real> environment{ir::Sizes{kExtents}};
  loop::Memory<Real> memory(compiled.sizes);
  for (const auto& [name, data] : values(s)) {
    environment.set(program.context->find_tensor(name), data);
    memory[program.context->find_tensor(name)] = data;
  }
  for (const auto& p : compiled.derivation.procedures) {
    if (p.name == kernel) calculus::interpret(p.steps, environment);
  }
  for (const auto& k : compiled.kernels) {
    if (k.name == kernel) loop::interpret(k.operations, memory);
  }
  test([&](const char* name) { return environment.get(program.context->find_tensor(name)); });
  test([&](const char* name) { return memory[program.context->find_tensor(name)]; });
}

// The axes of a result stand in order of their names: by_W1[feature, lower], by_W2[lower, upper].
TEST(RecurrentInterpreted, SweepIsBackpropagationThroughTime) {
  const auto expected = example().network().backpropagate();
  with_each_interpreter("sweep", [&](auto&& value) {
    expect_equal(value("by_W1"), expected.layers[0].W.transpose(), "W1");
    expect_equal(value("by_U1"), expected.layers[0].U, "U1");
    expect_equal(value("by_b1"), expected.layers[0].b, "b1");
    expect_equal(value("by_W2"), expected.layers[1].W.transpose(), "W2");
    expect_equal(value("by_U2"), expected.layers[1].U, "U2");
    expect_equal(value("by_b2"), expected.layers[1].b, "b2");
    expect_equal(value("by_V"), expected.V, "V");
    expect_equal(value("by_c"), expected.c, "c");
  });
}

TEST(RecurrentInterpreted, TransientsAreThoseOfTheReference) {
  using by_hand::recurrent::schedule;
  for (const auto& [kernel, order] :
       {std::pair{"relax", schedule::simultaneous}, {"relax_ticks", schedule::time_blocked}}) {
    auto expected = example().network();
    expected.relax(by_hand::recurrent::predictions::fixed, order, 3, 0.2);
    const auto g = expected.parameter_gradient();
    with_each_interpreter(kernel, [&](auto&& value) {
      expect_equal(value("by_U1"), g.layers[0].U, kernel);
      expect_equal(value("by_W2"), g.layers[1].W.transpose(), kernel);
    });
  }
}

}  // namespace
}  // namespace freefall::test

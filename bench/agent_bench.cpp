// One step of a discrete agent (agent_case.hpp): the generated kernel, a hand-written one, Eigen, scalar C++,
// NumPy policy after policy and as a tree, PyTorch as a tree.

#include <fmt/format.h>

#include <agent_bench_kernels_views.hpp>
#include <algorithm>
#include <memory>

#include "bench/agent_case.hpp"
#include "bench/hand/agent_eigen.hpp"
#include "bench/race.hpp"
#ifdef __AVX512F__
#include "bench/hand/agent.hpp"
#endif

namespace {

using namespace freefall::bench;
using namespace freefall::bench::agent;

class generated_agent {
 public:
  explicit generated_agent(const setting& given) {
    std::ranges::copy(given.A, kernels_.A().data());
    for (std::size_t a = 0; a < moves; ++a)  // there the move is the last axis
      for (std::size_t i = 0; i < states * states; ++i)
        kernels_.B_array().data()[i * moves + a] = given.B[a * states * states + i];
    std::ranges::copy(given.wanted, kernels_.wanted().data());
    std::ranges::copy(given.first_belief, kernels_.s().data());
    kernels_.gamma() = static_cast<float>(policy_precision);
    kernels_.a().data()[0] = 1;
    kernels_.prepare();
    kernels_.trust_state();
  }
  void step(std::size_t o) {
    kernels_.o() = static_cast<float>(o);
    kernels_.step();
  }
  float s(std::size_t i) { return kernels_.s().data()[i]; }
  float F() { return kernels_.F(); }
  float G(std::size_t policy) {
    return kernels_.G_array()(policy / 64, policy % 4, policy / 16 % 4, policy / 4 % 4);
  }
  std::size_t move() {
    const float* const a = kernels_.a().data();
    return static_cast<std::size_t>(std::max_element(a, a + moves) - a);
  }

 private:
  agent_bench_kernels::instance kernels_;
};

constexpr std::size_t checked_steps = 16;

// Of the belief, F and G relative to the largest of them.
constexpr double agreement = 1e-5;

struct recorded {
  std::vector<double> numbers;  // belief, F, G
  std::size_t move;
};

double distance(const recorded& found, const recorded& expected) {
  double off = 0, largest = 0;
  for (std::size_t i = 0; i < found.numbers.size(); ++i) {
    off = std::max(off, std::abs(found.numbers[i] - expected.numbers[i]));
    largest = std::max(largest, std::abs(expected.numbers[i]));
  }
  return off / largest;
}

// What one step of a candidate leads to. `of` gives belief, F, G and move.
template <class Agent, class S, class F, class G, class Move>
std::vector<recorded> record(const setting& given, Agent& agent, const S& s, const F& free_energy, const G& g,
                             const Move& move) {
  std::vector<recorded> out(checked_steps);
  for (std::size_t t = 0; t < checked_steps; ++t) {
    agent.step(given.outcome[t]);
    for (std::size_t i = 0; i < states; ++i) out[t].numbers.push_back(static_cast<double>(s(i)));
    out[t].numbers.push_back(static_cast<double>(free_energy()));
    for (std::size_t i = 0; i < policies; ++i) out[t].numbers.push_back(static_cast<double>(g(i)));
    out[t].move = move();
  }
  return out;
}

template <class Agent>
std::vector<recorded> record(const setting& given, Agent& agent) {
  return record(
      given, agent, [&](std::size_t i) { return agent.s[i]; }, [&] { return agent.F; },
      [&](std::size_t i) { return agent.G[i]; }, [&] { return agent.move; });
}

}  // namespace

int main(int argc, char** argv) try {
  const setting given;
  plain<double> exact(given);
  const std::vector<recorded> expected = record(given, exact);

  bool agree = true;
  std::vector<candidate> candidates;
  const auto add = [&](const char* name, kind what, auto& agent, const std::vector<recorded>& found) {
    double off = 0;
    bool same_moves = true;
    for (std::size_t t = 0; t < checked_steps; ++t) {
      off = std::max(off, distance(found[t], expected[t]));
      same_moves = same_moves && found[t].move == expected[t].move;
    }
    fmt::print("{:<22} differs from double by {:.1e}, moves {}\n", name, off,
               same_moves ? "alike" : "otherwise");
    if (!(off <= agreement) || !same_moves) {
      fmt::print(stderr, "agent_bench: {} computes something else: expected at most {} and the same moves\n",
                 name, agreement);
      agree = false;
    }
    candidates.push_back(in_process(
        name, what, [&, t = std::size_t{0}]() mutable { agent.step(given.outcome[t++ % observations]); }));
  };

  generated_agent generated(given);
  add("generated", kind::generated, generated,
      record(
          given, generated, [&](std::size_t i) { return generated.s(i); }, [&] { return generated.F(); },
          [&](std::size_t i) { return generated.G(i); }, [&] { return generated.move(); }));
#ifdef __AVX512F__
  const auto hand = std::make_unique<hand_agent>(given);
  add("hand", kind::hand, *hand, record(given, *hand));
#endif
  eigen_agent eigen(given);
  add("careful Eigen", kind::peer, eigen, record(given, eigen));
  plain<float> scalar(given);
  add("scalar C++", kind::peer, scalar, record(given, scalar));
  if (!agree) return 1;

  numbers_file numbers;
  numbers.add(given.A).add(given.B).add(given.wanted).add(given.first_belief).add(given.outcome);
  for (const auto& e : expected) numbers.add(e.numbers).add(std::array{e.move});
  for (const auto& [form, real] : {std::pair{"tree", "float32"}, {"tree", "float64"}, {"loop", "float64"}})
    for (auto& peer :
         in_python(fmt::format("NumPy {}, {}", form, real),
                   {"/usr/bin/python3", BENCH_FOLDER "/peers/agent_numpy.py", form, real, numbers.path()}))
      candidates.push_back(std::move(peer));
  for (auto& peer :
       in_python("PyTorch tree, float32",
                 {"/usr/bin/python3", BENCH_FOLDER "/peers/agent_torch.py", "float32", numbers.path()}))
    candidates.push_back(std::move(peer));
  // Products of the tree with A B_a known: belief, and two for each inner node, one for each leaf.
  constexpr double products = 1 + 2 * (4 + 16 + 64) + 256;
  return race({"agent", products * 2 * states * states, false}, candidates, argc, argv);
} catch (const std::exception& e) {
  fmt::print(stderr, "agent_bench: {}\n", e.what());
  return 1;
}

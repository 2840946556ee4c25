// Expected free energies of the maze's moves, what is chosen, and what comes of it.

#include "models/support/figures.hpp"
#include "models/tmaze/agent.hpp"
#include "tmaze_views.hpp"

namespace freefall::models::tmaze {
namespace {

using known_agent = agent<::tmaze::instance>;

constexpr double printed = 1e-6;  // the expected values have six digits
const std::string closed = "closed form, by an independent program";

experiment one_move() {
  return {"one_move",
          cost::quick,
          "expected free energy of a move from the centre, log preferences 0, 3, -3 and 0, 2, -6",
          {{"centre", within(5.130387, printed), closed},
           {"arm", within(4.535279, printed), closed},
           {"cue", within(4.437240, printed), closed},
           {"averse.centre", within(4.206665, printed), closed},
           {"averse.arm", within(5.611557, printed), closed},
           {"averse.cue", within(3.513518, printed), closed},
           {"after_the_cue.right_arm", within(2.250387, printed), closed},
           {"after_the_cue.wrong_arm", within(8.010387, printed), closed}},
          [](const watch&) {
            known_agent mild(1, {0, 3, -3}), averse(1, {0, 2, -6}), told(16, {0, 3, -3});
            mild.kernels.plan();
            averse.kernels.plan();
            told.move_to(cue);
            told.perceive(cue, nothing, 0);
            told.kernels.plan();
            return std::vector<double>{mild.near(centre),   mild.near(left),   mild.near(cue),
                                       averse.near(centre), averse.near(left), averse.near(cue),
                                       told.near(left),     told.near(right)};
          }};
}

experiment two_moves() {
  return {"two_moves",
          cost::quick,
          "expected free energy of two moves from the centre",
          {{"cue_arm", within(8.972519, printed), closed},
           {"arm_arm", within(9.070558, printed), closed},
           {"centre_centre", within(10.260775, printed), closed},
           {"cue_cue", within(8.874480, printed), closed}},
          [](const watch&) {
            known_agent a(1, {0, 3, -3});
            a.kernels.plan();
            return std::vector<double>{a.two(cue, left), a.two(left, left), a.two(centre, centre),
                                       a.two(cue, cue)};
          }};
}

std::vector<double> first_action(double gamma, const preference& wanted) {
  known_agent a(gamma, wanted);
  a.kernels.plan();
  const double* p = a.kernels.first_action().data();
  return {p[centre], p[left], p[cue]};
}

// The context stays unknown in every prediction, so q(u) ~ exp(-gamma (G_u - G_cue)), by how much the places
// differ.
std::vector<double> softmax_of_differences(double gamma) {
  const double ambiguity =
      -0.98 * std::log(0.98) - 0.02 * std::log(0.02);  // of an arm: its G less that of the cue
  const double at_centre = std::exp(-gamma * std::log(2.0)), arm = std::exp(-gamma * ambiguity);
  const double sum = at_centre + 2 * arm + 1;
  return {at_centre / sum, arm / sum, 1 / sum};
}

experiment choice() {
  experiment out{"first_action", cost::quick, "its probability over all policies of two moves", {}, {}};
  const std::string source = "q(u) ~ exp(-gamma (G_u - G_cue))";
  for (const double gamma : {1.0, 16.0}) {
    const auto expected = softmax_of_differences(gamma);
    const std::string name = gamma == 1 ? "gamma_1." : "gamma_16.";
    out.figures.push_back({name + "centre", within(expected[0], printed), source});
    out.figures.push_back({name + "arm", within(expected[1], printed), source});
    out.figures.push_back({name + "cue", within(expected[2], printed), source});
  }
  out.figures.push_back({"gamma_16.averse.cue", within(0.9999847, 1e-7), closed});
  out.measure = [](const watch&) {
    auto found = first_action(1, {0, 3, -3});
    const auto sharp = first_action(16, {0, 3, -3});
    found.insert(found.end(), sharp.begin(), sharp.end());
    found.push_back(first_action(16, {0, 2, -6})[2]);
    return found;
  };
  return out;
}

constexpr int trials = 20000;

experiment behaviour() {
  const double three_errors = 3 * std::sqrt(0.98 * 0.02 / trials);
  return {
      "trials",
      cost::quick,
      "20,000 trials of two moves, gamma = 16, the likeliest action",
      {{"cue_first", exactly(1), "the least expected free energy"},
       {"then_the_arm_it_names", exactly(1), "the least expected free energy"},
       {"rewarded", within(0.98, three_errors), "the reward's probability, three standard errors allowed"}},
      [](const watch&) {
        known_agent a(16, {0, 3, -3});
        world maze(1);
        int asked = 0, fits = 0, won = 0;
        for (int n = 0; n < trials; ++n) {
          const trial t = run(a, maze);
          asked += t.visited[0] == cue;
          fits += t.fits;
          won += t.won;
        }
        return std::vector<double>{double(asked) / trials, double(fits) / trials, double(won) / trials};
      }};
}

}  // namespace
}  // namespace freefall::models::tmaze

int main(int argc, char** argv) {
  using namespace freefall::models;
  namespace own = freefall::models::tmaze;
  return figures_main(argc, argv, "tmaze",
                      {own::one_move(), own::two_moves(), own::choice(), own::behaviour()});
}

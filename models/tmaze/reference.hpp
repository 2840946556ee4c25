#pragma once
// Discrete active inference, written by hand: belief update, expected free energy of policies, choice of
// action. Eigen only; shares no code with the compiler.
//
// F state factors with X_f values each make up the state x (the last factor runs fastest, X values in all), M
// modalities make up the observation:
//
//   p(o_m | x) = A_m[o_m, x],   p(x_f' | x_f, u) = B_f^u[x_f', x_f],   p(x_f) = D_f,   desired: p~(o_m) =
//   C_m.
//
// Perception. With the prediction p(x) = B^u s the belief q(x) = s has the free energy (nats)
//
//   F(s) = sum_x s_x (ln s_x - ln p(o|x) - ln p(x)),   minimum s = softmax(ln p(o|x) + ln p(x)), F = -ln
//   p(o),
//
// exact Bayes, hence the forward filter of the chain. If q is a product of one factor s_f each, F is
// stationary in s_f at
//
//   s_f = softmax(ln p_f + E[sum_m ln A_m[o_m, x]] over the other factors),
//
// taken in turn until F falls by less than a tolerance; each is the minimum in its factor, so F never rises.
//
// Planning. A policy is a sequence of actions u_1 .. u_H. It predicts s_k = B^{u_k} s_{k-1} (open loop) and
// costs the expected free energy summed over its steps, o being all modalities together,
//
//   G = KL[q(o) || C] + E_q(x) H[p(o|x)] = -E_q(o) ln C - I(o; x),   q(pi) = softmax(-gamma G + ln E).
//
// Policies that begin alike share the beliefs and the costs of their beginning.
//
// Millidge 2021, section 2.10; Friston et al. 2017 ("Active inference: a process theory"; the T-maze).

#include <cstdint>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "freefall/runtime/random.hpp"
#include "models/reference/categorical.hpp"

namespace freefall::by_hand::tmaze {

template <class Scalar>
struct model {
  std::vector<Eigen::Index> sizes;             // X_f
  std::vector<matrix<Scalar>> A;               // [O_m, X] each, columns sum to one
  std::vector<std::vector<matrix<Scalar>>> B;  // B[f][u], [X_f, X_f], columns sum to one
  std::vector<column<Scalar>> C, D;            // [O_m] and [X_f], each sums to one

  Eigen::Index states() const {
    return std::accumulate(sizes.begin(), sizes.end(), Eigen::Index{1}, std::multiplies<>());
  }
  Eigen::Index actions() const { return Eigen::Index(B.at(0).size()); }

  // The value of factor f in the state x.
  Eigen::Index value(Eigen::Index x, std::size_t f) const {
    for (std::size_t g = sizes.size(); --g > f;) x /= sizes[g];
    return x % sizes[f];
  }

  // The belief over x that the factors' beliefs make, and back (its marginals).
  column<Scalar> product(const std::vector<column<Scalar>>& factors) const {
    column<Scalar> s(states());
    for (Eigen::Index x = 0; x < s.size(); ++x) {
      s(x) = 1;
      for (std::size_t f = 0; f < sizes.size(); ++f) s(x) *= factors[f](value(x, f));
    }
    return s;
  }
  std::vector<column<Scalar>> marginals(const column<Scalar>& s) const {
    std::vector<column<Scalar>> factors;
    for (std::size_t f = 0; f < sizes.size(); ++f) {
      factors.push_back(column<Scalar>::Zero(sizes[f]));
      for (Eigen::Index x = 0; x < s.size(); ++x) factors[f](value(x, f)) += s(x);
    }
    return factors;
  }

  // p(x' | x, u) over whole states, [X, X].
  matrix<Scalar> transition(Eigen::Index u) const {
    matrix<Scalar> whole = matrix<Scalar>::Ones(states(), states());
    for (Eigen::Index to = 0; to < states(); ++to)
      for (Eigen::Index from = 0; from < states(); ++from)
        for (std::size_t f = 0; f < sizes.size(); ++f)
          whole(to, from) *= B[f][std::size_t(u)](value(to, f), value(from, f));
    return whole;
  }

  // p(o | x) over all modalities together, [prod O_m, X], the last modality fastest; and C alike.
  matrix<Scalar> joint_likelihood() const {
    matrix<Scalar> joint = matrix<Scalar>::Ones(1, states());
    for (const auto& a : A) {
      matrix<Scalar> longer(joint.rows() * a.rows(), states());
      for (Eigen::Index i = 0; i < joint.rows(); ++i)
        longer.middleRows(i * a.rows(), a.rows()) = a.array().rowwise() * joint.row(i).array();
      joint = longer;
    }
    return joint;
  }
  column<Scalar> joint_preference() const {
    column<Scalar> joint = column<Scalar>::Ones(1);
    for (const auto& c : C) {
      column<Scalar> longer(joint.size() * c.size());
      for (Eigen::Index i = 0; i < joint.size(); ++i) longer.segment(i * c.size(), c.size()) = joint(i) * c;
      joint = longer;
    }
    return joint;
  }

  // sum_m ln max(A_m[o_m, x], floor) of an observation, one index per modality, [X]. Floor 0 is exact: minus
  // infinity where it cannot be made.
  column<Scalar> log_likelihood(const std::vector<Eigen::Index>& observation, Scalar floor = 0) const {
    if (observation.size() != A.size())
      throw std::invalid_argument("tmaze: modalities observed: expected " + std::to_string(A.size()) +
                                  ", found " + std::to_string(observation.size()));
    column<Scalar> sum = column<Scalar>::Zero(states());
    for (std::size_t m = 0; m < A.size(); ++m) {
      if (observation[m] < 0 || observation[m] >= A[m].rows())
        throw std::invalid_argument("tmaze: observation of modality " + std::to_string(m) +
                                    ": expected 0 .. " + std::to_string(A[m].rows() - 1) + ", found " +
                                    std::to_string(observation[m]));
      sum += log<Scalar>(A[m].row(observation[m]).transpose().cwiseMax(floor));
    }
    return sum;
  }
};

// F(s); log_likelihood and log_prior may hold minus infinities where s is 0.
template <class Scalar>
Scalar free_energy(const column<Scalar>& s, const column<Scalar>& log_likelihood,
                   const column<Scalar>& log_prior) {
  Scalar sum = 0;
  for (Eigen::Index x = 0; x < s.size(); ++x)
    if (s(x) != 0) sum += s(x) * (std::log(s(x)) - log_likelihood(x) - log_prior(x));
  return sum;
}

template <class Scalar>
struct perception {
  column<Scalar> belief;  // q(x)
  Scalar free_energy;
};

template <class Scalar>
perception<Scalar> perceive(const column<Scalar>& log_likelihood, const column<Scalar>& prior) {
  const column<Scalar> log_prior = log(prior);
  const column<Scalar> s = softmax<Scalar>(log_likelihood + log_prior);
  return {s, free_energy<Scalar>(s, log_likelihood, log_prior)};
}

template <class Scalar>
struct factorised_perception {
  std::vector<column<Scalar>> beliefs;  // q(x_f)
  std::vector<Scalar> free_energies;    // before the first sweep and after each
};

// Mean field from the prior: sweeps over the factors until F falls by less than `tolerance` or `sweeps` are
// done. An observation that some value of one factor forbids is, before that factor is known, minus infinity
// for every value of the others: give such a model's likelihood a floor (1e-16, say).
template <class Scalar>
factorised_perception<Scalar> perceive_factorised(const model<Scalar>& p,
                                                  const column<Scalar>& log_likelihood,
                                                  const std::vector<column<Scalar>>& prior, int sweeps,
                                                  Scalar tolerance) {
  auto s = prior;
  const column<Scalar> log_prior = log<Scalar>(p.product(prior));
  const auto energy = [&] { return free_energy<Scalar>(p.product(s), log_likelihood, log_prior); };
  factorised_perception<Scalar> result{{}, {energy()}};
  for (int sweep = 0; sweep < sweeps; ++sweep) {
    for (std::size_t f = 0; f < s.size(); ++f) {
      column<Scalar> logits = log(prior[f]);
      auto others = s;
      others[f].setOnes();
      const column<Scalar> weight = p.product(others);
      for (Eigen::Index x = 0; x < weight.size(); ++x)
        if (weight(x) != 0) logits(p.value(x, f)) += weight(x) * log_likelihood(x);
      s[f] = softmax(logits);
    }
    result.free_energies.push_back(energy());
    const auto last = result.free_energies.size() - 1;
    if (result.free_energies[last - 1] - result.free_energies[last] < tolerance) break;
  }
  result.beliefs = std::move(s);
  return result;
}

template <class Scalar>
struct step_cost {
  Scalar utility, information_gain, ambiguity;  // E ln C, I(o; x), E H[p(o|x)]
  Scalar total() const { return -utility - information_gain; }
};

// Scores policies over one model; the joint tables are made once.
template <class Scalar>
class planner {
 public:
  explicit planner(const model<Scalar>& p) : likelihood_(p.joint_likelihood()) {
    log_preference_ = log<Scalar>(p.joint_preference());
    likelihood_entropy_.resize(p.states());
    for (Eigen::Index x = 0; x < p.states(); ++x)
      likelihood_entropy_(x) = entropy<Scalar>(likelihood_.col(x));
    for (Eigen::Index u = 0; u < p.actions(); ++u) transitions_.push_back(p.transition(u));
  }

  column<Scalar> predict(const column<Scalar>& s, Eigen::Index u) const {
    return transitions_[std::size_t(u)] * s;
  }

  step_cost<Scalar> score(const column<Scalar>& s) const {
    const column<Scalar> o = likelihood_ * s;
    const Scalar ambiguity = s.dot(likelihood_entropy_);
    return {o.dot(log_preference_), entropy(o) - ambiguity, ambiguity};
  }

  // G of all U^horizon policies; policy number = the actions as digits to the base U, the first most
  // significant.
  column<Scalar> expected_free_energies(const column<Scalar>& s, int horizon) const {
    std::vector<column<Scalar>> beliefs{s};
    column<Scalar> costs = column<Scalar>::Zero(1);
    const auto U = Eigen::Index(transitions_.size());
    for (int step = 0; step < horizon; ++step) {  // one level of the tree of shared beginnings at a time
      std::vector<column<Scalar>> next;
      column<Scalar> next_costs(costs.size() * U);
      for (std::size_t k = 0; k < beliefs.size(); ++k)
        for (Eigen::Index u = 0; u < U; ++u) {
          next.push_back(predict(beliefs[k], u));
          next_costs(Eigen::Index(k) * U + u) = costs(Eigen::Index(k)) + score(next.back()).total();
        }
      beliefs = std::move(next);
      costs = std::move(next_costs);
    }
    return costs;
  }

  // q(u_1): the posterior over policies, summed over all but the first action. habit is ln E, [U^horizon].
  column<Scalar> first_action(const column<Scalar>& costs, Scalar gamma, const column<Scalar>& habit) const {
    const column<Scalar> policies = softmax<Scalar>(habit - gamma * costs);
    const auto U = Eigen::Index(transitions_.size());
    return Eigen::Map<const matrix<Scalar>>(policies.data(), U, policies.size() / U).rowwise().sum();
  }
  column<Scalar> first_action(const column<Scalar>& costs, Scalar gamma) const {
    return first_action(costs, gamma, column<Scalar>::Zero(costs.size()));
  }

 private:
  matrix<Scalar> likelihood_;
  column<Scalar> log_preference_, likelihood_entropy_;
  std::vector<matrix<Scalar>> transitions_;
};

// ---- the T-maze

enum location : Eigen::Index { centre, arm1, arm2, cue };
enum outcome : Eigen::Index { none, win, loss };

// State (location, context); action u moves to location u from anywhere. Modalities: the location, exactly;
// the outcome, a win with probability `fits` in arm 1 under context 0 and arm 2 under context 1, with 1 -
// fits in the other arm; the cue, which names the context at the cue and is a fair coin elsewhere. Starts in
// the centre. Preferences are softmax of `log_preference` over outcomes (none, win, loss), flat over the
// rest.
inline model<double> make_tmaze(const column<double>& log_preference, double fits = 0.98) {
  model<double> p;
  p.sizes = {4, 2};
  p.A = {matrix<double>::Zero(4, 8), matrix<double>::Zero(3, 8), matrix<double>::Zero(2, 8)};
  for (Eigen::Index place = 0; place < 4; ++place)
    for (Eigen::Index context = 0; context < 2; ++context) {
      const Eigen::Index x = 2 * place + context;
      p.A[0](place, x) = 1;
      if (place == arm1 || place == arm2) {
        const double chance = (place == arm1) == (context == 0) ? fits : 1 - fits;
        p.A[1](win, x) = chance;
        p.A[1](loss, x) = 1 - chance;
      } else {
        p.A[1](none, x) = 1;
      }
      for (Eigen::Index seen = 0; seen < 2; ++seen)
        p.A[2](seen, x) = place == cue ? double(seen == context) : 0.5;
    }
  p.B.resize(2);
  for (Eigen::Index u = 0; u < 4; ++u) {
    matrix<double> move = matrix<double>::Zero(4, 4);
    move.row(u).setOnes();
    p.B[0].push_back(move);
    p.B[1].push_back(matrix<double>::Identity(2, 2));
  }
  p.C = {column<double>::Constant(4, 0.25), softmax(log_preference), column<double>::Constant(2, 0.5)};
  p.D = {column<double>::Unit(4, centre), column<double>::Constant(2, 0.5)};
  return p;
}

struct episode {
  Eigen::Index context;
  std::vector<Eigen::Index> visited;  // the locations moved to
  Eigen::Index last_outcome;
};

enum class inference { exact, mean_field };

// One trial of `moves` moves: observe, believe, score the policies over the moves that remain, take the
// likeliest first action (the lowest number among equals). The world is the model itself, drawn from stream
// "world" of `seed`: draw 0 is the context, then three draws for the observation at each time.
inline episode run_episode(const model<double>& p, std::uint64_t seed, double gamma, int moves = 2,
                           inference how = inference::exact) {
  const planner<double> plan(p);
  const runtime::stream world(seed, "world");
  std::uint64_t drawn = 0;
  const auto draw = [&](const column<double>& chances) {
    double left = world.uniform(drawn++);
    Eigen::Index i = 0;
    while (i + 1 < chances.size() && left >= chances(i)) left -= chances(i++);
    return i;
  };
  episode trial{draw(p.D[1]), {}, none};
  Eigen::Index place = centre;
  column<double> prior = p.product(p.D);
  for (int move = 0;; ++move) {
    std::vector<Eigen::Index> seen;
    for (const auto& a : p.A) seen.push_back(draw(a.col(2 * place + trial.context)));
    trial.last_outcome = seen[1];
    if (move == moves) return trial;
    const column<double> s =
        how == inference::exact
            ? perceive(p.log_likelihood(seen), prior).belief
            : p.product(perceive_factorised(p, p.log_likelihood(seen, 1e-16), p.marginals(prior), 16, 1e-10)
                            .beliefs);
    plan.first_action(plan.expected_free_energies(s, moves - move), gamma).maxCoeff(&place);
    trial.visited.push_back(place);
    prior = plan.predict(s, place);
  }
}

}  // namespace freefall::by_hand::tmaze

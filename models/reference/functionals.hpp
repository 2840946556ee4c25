#pragma once
// The free-energy functionals of present and future on finite sets, each by brute force from its definition,
// and the terms they split into. Eigen only; shares no code with the compiler.
//
// States x, observations o, actions a, parameters theta. q marks the agent's beliefs, p its model, p~ what it
// desires; `prediction` holds q(x) and q(o|x), hence q(o, x) = q(x) q(o|x), q(o) and q(x|o). Everything is to
// be minimised, in nats. What a functional is made of is a theorem, proven on random models in its tests:
//
//   free_energy                 E_q(x)[ln q(x) - ln p(o, x)]                          OA + SD
//     with actions, parameters                                                       OA + SD + AD + TD
//   expected_free_energy        E_q(o,x)[ln q(x) - ln p~(o) p(x|o)]                   EV - IG + PD
//   expected_free_energy_state  E_q(o,x)[ln q(x) - ln q(o|x) p~(x)]                   EVX + AMB
//   future_free_energy          E_q(o,x)[ln q(x|o) - ln p~(o) p(x|o)]                 EV + PD
//   future_free_energy_biased   E_q(o,x)[ln q(x|o) - ln p~(o|x) q(x)]                 EVL + IG
//   expected_future             KL[q(o,x) || p~(o) q(x|o)]                            EVD - IG = Divergence
//   expected_future_parameters  KL[q(o,x,theta) || p~(o) q(x|o) q(theta|x)]           EVD - state gain - IGT
//   outcome_divergence          KL[q(o) || p~(o)]                                     EV - HM = EVD - IG
//   evidence                    -E_q(o) ln p~(o)                                      EV = Divergence + HM
//   control_mdp                 KL[q(x,a) || p(x,a,Omega)], q(x) = p(x)               EVO + AD
//   control_pomdp               E_q(x,a)[ln q(x,a) - ln p(x,a,o,Omega)]               EVO + OA + SD + AD
//   posterior_divergence_action E_p(o)q(x|o)[ln q(x|o) p(o) - ln p(o,x) p~(o)]        E[VFE] + Divergence
//   joint_divergence            KL[p(o,x) || p~(o,x)]                                 Divergence + PD~
//   kl_control                  KL[q(x) || p~(x)]                                     EVX
//
// Millidge 2021, chapters 4 and 5; Parr and Friston 2019 (expected free energy); Millidge, Tschantz and
// Buckley 2021 (free energies of the future).

#include "models/reference/categorical.hpp"

namespace freefall::by_hand::functionals {

// sum_{o,x} q(o,x) f(o, x), skipping what cannot happen.
template <class Scalar, class Function>
Scalar expectation(const matrix<Scalar>& joint, Function f) {
  Scalar sum = 0;
  for (Eigen::Index o = 0; o < joint.rows(); ++o)
    for (Eigen::Index x = 0; x < joint.cols(); ++x)
      if (joint(o, x) != 0) sum += joint(o, x) * f(o, x);
  return sum;
}

// A joint of observation and state by its factors.
template <class Scalar>
struct prediction {
  column<Scalar> x;          // [X]
  matrix<Scalar> o_given_x;  // [O, X], columns sum to one

  matrix<Scalar> joint() const { return o_given_x * x.asDiagonal(); }
  column<Scalar> o() const { return o_given_x * x; }
  // [O, X], row o being q(x|o); zero where o cannot happen.
  matrix<Scalar> x_given_o() const {
    matrix<Scalar> posterior = joint();
    for (Eigen::Index i = 0; i < posterior.rows(); ++i)
      if (const Scalar whole = posterior.row(i).sum(); whole > 0) posterior.row(i) /= whole;
    return posterior;
  }
};

// ---- terms

// EV: -E ln p~(o)
template <class Scalar>
Scalar extrinsic_value(const prediction<Scalar>& q, const column<Scalar>& desired_o) {
  return -expected_log<Scalar>(q.o(), desired_o);
}
// EVL: -E ln p~(o|x)
template <class Scalar>
Scalar extrinsic_value_likelihood(const prediction<Scalar>& q, const matrix<Scalar>& desired_o_given_x) {
  return expectation(q.joint(), [&](auto o, auto x) { return -std::log(desired_o_given_x(o, x)); });
}
// EVD: E_q(x) KL[q(o|x) || p~(o)]
template <class Scalar>
Scalar extrinsic_divergence(const prediction<Scalar>& q, const column<Scalar>& desired_o) {
  Scalar sum = 0;
  for (Eigen::Index x = 0; x < q.x.size(); ++x)
    sum += q.x(x) * divergence<Scalar>(q.o_given_x.col(x), desired_o);
  return sum;
}
// IG: E_q(o) KL[q(x|o) || q(x)]
template <class Scalar>
Scalar information_gain(const prediction<Scalar>& q) {
  const matrix<Scalar> posterior = q.x_given_o();
  const column<Scalar> o = q.o();
  Scalar sum = 0;
  for (Eigen::Index i = 0; i < o.size(); ++i)
    if (o(i) > 0) sum += o(i) * divergence<Scalar>(posterior.row(i).transpose(), q.x);
  return sum;
}
// PD: E_q(o) KL[q(x|o) || p(x|o)], p(x|o) as the rows of `model`
template <class Scalar>
Scalar posterior_divergence(const prediction<Scalar>& q, const matrix<Scalar>& model) {
  const matrix<Scalar> posterior = q.x_given_o();
  const column<Scalar> o = q.o();
  Scalar sum = 0;
  for (Eigen::Index i = 0; i < o.size(); ++i)
    if (o(i) > 0) sum += o(i) * divergence<Scalar>(posterior.row(i).transpose(), model.row(i).transpose());
  return sum;
}
// AMB: E_q(x) H[q(o|x)]
template <class Scalar>
Scalar ambiguity(const prediction<Scalar>& q) {
  Scalar sum = 0;
  for (Eigen::Index x = 0; x < q.x.size(); ++x) sum += q.x(x) * entropy<Scalar>(q.o_given_x.col(x));
  return sum;
}
// HM: H[q(o)]
template <class Scalar>
Scalar predicted_entropy(const prediction<Scalar>& q) {
  return entropy<Scalar>(q.o());
}
// OA: -E_q(x) ln p(o|x) of the observation made
template <class Scalar>
Scalar observation_ambiguity(const column<Scalar>& q_x, const column<Scalar>& likelihood) {
  return -expected_log(q_x, likelihood);
}
// AD: E_q(x) KL[q(a|x) || p(a|x)], policies as [A, X]; TD is the same with theta for a.
template <class Scalar>
Scalar conditional_divergence(const column<Scalar>& q_x, const matrix<Scalar>& q, const matrix<Scalar>& p) {
  Scalar sum = 0;
  for (Eigen::Index x = 0; x < q_x.size(); ++x) sum += q_x(x) * divergence<Scalar>(q.col(x), p.col(x));
  return sum;
}
// EVO: -E ln p(Omega = 1 | x, a), [A, X]
template <class Scalar>
Scalar optimality_value(const column<Scalar>& q_x, const matrix<Scalar>& policy,
                        const matrix<Scalar>& optimality) {
  return expectation<Scalar>(policy * q_x.asDiagonal(),
                             [&](auto a, auto x) { return -std::log(optimality(a, x)); });
}

// ---- functionals, by their definitions

template <class Scalar>
Scalar free_energy(const column<Scalar>& q_x, const column<Scalar>& p_x, const column<Scalar>& likelihood) {
  Scalar sum = 0;
  for (Eigen::Index x = 0; x < q_x.size(); ++x)
    if (q_x(x) != 0) sum += q_x(x) * (std::log(q_x(x)) - std::log(likelihood(x) * p_x(x)));
  return sum;
}

template <class Scalar>
Scalar free_energy_extended(const column<Scalar>& q_x, const matrix<Scalar>& q_a,
                            const matrix<Scalar>& q_theta, const column<Scalar>& p_x,
                            const matrix<Scalar>& p_a, const matrix<Scalar>& p_theta,
                            const column<Scalar>& likelihood) {
  Scalar sum = 0;
  for (Eigen::Index x = 0; x < q_x.size(); ++x)
    for (Eigen::Index a = 0; a < q_a.rows(); ++a)
      for (Eigen::Index t = 0; t < q_theta.rows(); ++t) {
        const Scalar q = q_x(x) * q_a(a, x) * q_theta(t, x);
        if (q != 0) sum += q * (std::log(q) - std::log(likelihood(x) * p_x(x) * p_a(a, x) * p_theta(t, x)));
      }
  return sum;
}

template <class Scalar>
Scalar expected_free_energy(const prediction<Scalar>& q, const column<Scalar>& desired_o,
                            const matrix<Scalar>& model_x_given_o) {
  return expectation(q.joint(), [&](auto o, auto x) {
    return std::log(q.x(x)) - std::log(desired_o(o) * model_x_given_o(o, x));
  });
}

template <class Scalar>
Scalar expected_free_energy_state(const prediction<Scalar>& q, const column<Scalar>& desired_x) {
  return expectation(q.joint(), [&](auto o, auto x) {
    return std::log(q.x(x)) - std::log(q.o_given_x(o, x) * desired_x(x));
  });
}

template <class Scalar>
Scalar future_free_energy(const prediction<Scalar>& q, const column<Scalar>& desired_o,
                          const matrix<Scalar>& model_x_given_o) {
  const matrix<Scalar> posterior = q.x_given_o();
  return expectation(q.joint(), [&](auto o, auto x) {
    return std::log(posterior(o, x)) - std::log(desired_o(o) * model_x_given_o(o, x));
  });
}

template <class Scalar>
Scalar future_free_energy_biased(const prediction<Scalar>& q, const matrix<Scalar>& desired_o_given_x) {
  const matrix<Scalar> posterior = q.x_given_o();
  return expectation(q.joint(), [&](auto o, auto x) {
    return std::log(posterior(o, x)) - std::log(desired_o_given_x(o, x) * q.x(x));
  });
}

template <class Scalar>
Scalar expected_future(const prediction<Scalar>& q, const column<Scalar>& desired_o) {
  const matrix<Scalar> joint = q.joint(), posterior = q.x_given_o();
  return expectation(joint, [&](auto o, auto x) {
    return std::log(joint(o, x)) - std::log(desired_o(o) * posterior(o, x));
  });
}

// A chain theta -> x -> o: q(theta) and q(x|theta), [X, T], and q(o|x).
template <class Scalar>
struct parametric_prediction {
  column<Scalar> theta;
  matrix<Scalar> x_given_theta, o_given_x;

  prediction<Scalar> states() const { return {x_given_theta * theta, o_given_x}; }
  // theta as the state and x as the observation: its information gain is IGT = I(x; theta).
  prediction<Scalar> parameters() const { return {theta, x_given_theta}; }
};

template <class Scalar>
Scalar expected_future_parameters(const parametric_prediction<Scalar>& q, const column<Scalar>& desired_o) {
  const matrix<Scalar> x_given_o = q.states().x_given_o(), theta_given_x = q.parameters().x_given_o();
  Scalar sum = 0;
  for (Eigen::Index t = 0; t < q.theta.size(); ++t)
    for (Eigen::Index x = 0; x < q.x_given_theta.rows(); ++x)
      for (Eigen::Index o = 0; o < q.o_given_x.rows(); ++o) {
        const Scalar joint = q.theta(t) * q.x_given_theta(x, t) * q.o_given_x(o, x);
        if (joint != 0)
          sum += joint * (std::log(joint) - std::log(desired_o(o) * x_given_o(o, x) * theta_given_x(x, t)));
      }
  return sum;
}

// The state term that goes with IGT above: E ln q(x|o) / q(x|theta).
template <class Scalar>
Scalar state_gain_over_parameters(const parametric_prediction<Scalar>& q) {
  const matrix<Scalar> x_given_o = q.states().x_given_o();
  Scalar sum = 0;
  for (Eigen::Index t = 0; t < q.theta.size(); ++t)
    for (Eigen::Index x = 0; x < q.x_given_theta.rows(); ++x)
      for (Eigen::Index o = 0; o < q.o_given_x.rows(); ++o) {
        const Scalar joint = q.theta(t) * q.x_given_theta(x, t) * q.o_given_x(o, x);
        if (joint != 0) sum += joint * (std::log(x_given_o(o, x)) - std::log(q.x_given_theta(x, t)));
      }
  return sum;
}

template <class Scalar>
Scalar outcome_divergence(const prediction<Scalar>& q, const column<Scalar>& desired_o) {
  return divergence<Scalar>(q.o(), desired_o);
}

template <class Scalar>
Scalar evidence(const prediction<Scalar>& q, const column<Scalar>& desired_o) {
  const column<Scalar> o = q.o();
  Scalar sum = 0;
  for (Eigen::Index i = 0; i < o.size(); ++i)
    if (o(i) != 0) sum -= o(i) * std::log(desired_o(i));
  return sum;
}

template <class Scalar>
Scalar control_mdp(const column<Scalar>& x, const matrix<Scalar>& q_a, const matrix<Scalar>& p_a,
                   const matrix<Scalar>& optimality) {
  const matrix<Scalar> q = q_a * x.asDiagonal();
  return expectation(
      q, [&](auto a, auto s) { return std::log(q(a, s)) - std::log(x(s) * p_a(a, s) * optimality(a, s)); });
}

template <class Scalar>
Scalar control_pomdp(const column<Scalar>& q_x, const matrix<Scalar>& q_a, const column<Scalar>& p_x,
                     const matrix<Scalar>& p_a, const matrix<Scalar>& optimality,
                     const column<Scalar>& likelihood) {
  const matrix<Scalar> q = q_a * q_x.asDiagonal();
  return expectation(q, [&](auto a, auto s) {
    return std::log(q(a, s)) - std::log(p_x(s) * p_a(a, s) * optimality(a, s) * likelihood(s));
  });
}

// p is the model, q_x_given_o any posterior as rows.
template <class Scalar>
Scalar posterior_divergence_action(const prediction<Scalar>& p, const matrix<Scalar>& q_x_given_o,
                                   const column<Scalar>& desired_o) {
  const matrix<Scalar> joint = p.joint();
  const column<Scalar> o = p.o();
  return expectation<Scalar>(o.asDiagonal() * q_x_given_o, [&](auto i, auto x) {
    return std::log(q_x_given_o(i, x) * o(i)) - std::log(joint(i, x) * desired_o(i));
  });
}

template <class Scalar>
Scalar joint_divergence(const prediction<Scalar>& p, const prediction<Scalar>& desired) {
  const matrix<Scalar> joint = p.joint(), wanted = desired.joint();
  return expectation(joint, [&](auto o, auto x) { return std::log(joint(o, x)) - std::log(wanted(o, x)); });
}

template <class Scalar>
Scalar kl_control(const column<Scalar>& x, const column<Scalar>& desired_x) {
  return divergence(x, desired_x);
}

}  // namespace freefall::by_hand::functionals

#pragma once
// Predictive coding on an arbitrary acyclic graph of scalar vertices, written by hand. No library; shares no
// code with the compiler.
//
// Vertex i without parents is an input; every other has a prediction p_i = f_i(v_parents; theta) and
// v_i ~ N(p_i, 1). The last vertex is the output. Inputs and output are given, the rest is latent. With
// e_i = v_i - p_i and J_ji = df_j / dv_i,
//
//   F = sum_i e_i^2 / 2,   dF/dv_i = e_i - sum_{children j} J_ji e_j,   dF/dtheta = - sum_i (df_i/dtheta)
//   e_i.
//
// Two ways to descend:
//   live   every p and J at the present v: the gradient flow of F.
//   fixed  differentiate first, freeze after: the same expressions with every p and J at their feed-forward
//          values. No longer a gradient (F rises), but linear in e with a nilpotent coupling; its fixed point
//          e_i = sum_j J_ji e_j is the recursion of reverse-mode differentiation, so e_i = -dL/dv_i if the
//          output's error is set to -dL/dv_output.
//
// From e = 0 the fixed iteration has a closed form. Let s_i[d] be the sum over all paths of d edges from i to
// the output of the product of J along the path, times e_output. An Euler step of size eta passes the error
// of a vertex on with weight eta and keeps 1 - eta, so after k sweeps
//
//   simultaneous        e_i = sum_d s_i[d] P(Bin(k, eta) >= d)              d successes in k trials
//   children first      e_i = sum_d s_i[d] P(Bin(k + d - 1, eta) >= d)      at most k - 1 failures before the
//   d-th k steps each, once  e_i = sum_d s_i[d] (1 - (1 - eta)^k)^d
//
// Millidge, Tschantz and Buckley 2020 and Millidge 2021, eq 6.7-6.13; Rosenbaum 2022.

#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace freefall::by_hand::scalar_graph {

template <class Scalar>
struct vertex {
  using values = std::span<const Scalar>;

  std::vector<std::size_t> parents;     // smaller than the vertex's own number; none: an input
  std::vector<std::size_t> parameters;  // numbers of the parameters it reads; several vertices may share one

  // f_i of the values of the parents and of the parameters, in the order listed.
  std::function<Scalar(values parents, values parameters)> value;
  // Its partial derivatives, by parents and by parameters.
  std::function<void(values parents, values parameters, std::span<Scalar> by_parent,
                     std::span<Scalar> by_parameter)>
      partials;
};

enum class predictions { fixed, live };

// Groups of latent vertices. The groups are taken in turn; the members of one group move simultaneously.
using blocks = std::vector<std::vector<std::size_t>>;

template <class Scalar>
class graph {
 public:
  // Throws std::invalid_argument if a vertex names a parent that does not come before it, or a parameter that
  // is not there, or if the last vertex is an input.
  graph(std::vector<vertex<Scalar>> vertices, std::vector<Scalar> parameter_values)
      : parameters(std::move(parameter_values)), vertices_(std::move(vertices)) {
    for (std::size_t i = 0; i < vertices_.size(); ++i) {
      for (const std::size_t p : vertices_[i].parents)
        require(p < i,
                "vertex " + std::to_string(i) + ": parent " + std::to_string(p) + " does not come before it");
      for (const std::size_t p : vertices_[i].parameters)
        require(p < parameters.size(),
                "vertex " + std::to_string(i) + ": there is no parameter " + std::to_string(p));
    }
    require(!vertices_.empty() && !vertices_.back().parents.empty(), "the last vertex must have parents");
    v.resize(size());
    prediction.resize(size());
    error.resize(size());
    by_parent_.resize(size());
    by_parameter_.resize(size());
  }

  std::vector<Scalar> parameters;
  std::vector<Scalar> v;           // activities
  std::vector<Scalar> prediction;  // p_i; of an input, its value
  std::vector<Scalar> error;       // v_i - p_i

  std::size_t size() const { return vertices_.size(); }
  std::size_t output() const { return size() - 1; }
  bool is_input(std::size_t i) const { return vertices_[i].parents.empty(); }
  bool is_latent(std::size_t i) const { return !is_input(i) && i != output(); }

  // Sets the inputs, in the order of their numbers, and every other vertex to its prediction.
  void forward(std::span<const Scalar> inputs) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < size(); ++i) {
      if (is_input(i)) {
        require(next < inputs.size(), "fewer values than inputs");
        prediction[i] = inputs[next++];
      } else {
        predict(i);
      }
      v[i] = prediction[i];
      error[i] = 0;
    }
    require(next == inputs.size(), "more values than inputs");
  }

  // Gives the output the value p + e, with e = -dL/dp for any loss L (target - p for half the squared error).
  void clamp_error(Scalar e) {
    v[output()] = prediction[output()] + e;
    error[output()] = e;
  }

  // All latent vertices in one group.
  blocks simultaneous() const {
    blocks all(1);
    for (std::size_t i = 0; i < size(); ++i)
      if (is_latent(i)) all[0].push_back(i);
    return all;
  }

  // One group for each latent vertex, children first.
  blocks children_first() const {
    blocks each;
    for (std::size_t i = size(); i-- > 0;)
      if (is_latent(i)) each.push_back({i});
    return each;
  }

  // `sweeps` passes over the groups, `steps` Euler steps v_i -= eta dF/dv_i on each group in turn. The errors
  // left behind are those of the final v. fixed asks that v was last set by forward().
  void relax(predictions how, const blocks& groups, int sweeps, int steps, Scalar eta) {
    std::vector<Scalar> slope;
    for (int sweep = 0; sweep < sweeps; ++sweep)
      for (const auto& group : groups)
        for (int step = 0; step < steps; ++step) {
          evaluate(how);
          slope.clear();
          for (const std::size_t i : group) slope.push_back(error[i] - pull(i));
          for (std::size_t n = 0; n < group.size(); ++n) v[group[n]] -= eta * slope[n];
        }
    evaluate(how);
  }

  // The fixed point of the fixed predictions in one pass, children first.
  void settle() {
    for (std::size_t i = size(); i-- > 0;)
      if (is_latent(i)) {
        error[i] = pull(i);
        v[i] = prediction[i] + error[i];
      }
  }

  // Errors at the present v; with live predictions, predictions and derivatives too.
  void evaluate(predictions how) {
    for (std::size_t i = 0; i < size(); ++i) {
      if (is_input(i)) continue;
      if (how == predictions::live) predict(i);
      error[i] = v[i] - prediction[i];
    }
  }

  Scalar energy() const {
    Scalar sum = 0;
    for (const Scalar e : error) sum += e * e / 2;
    return sum;
  }

  // dF/dv_i at the present errors and derivatives. An input has no error of its own.
  Scalar gradient(std::size_t i) const { return (is_input(i) ? 0 : error[i]) - pull(i); }

  // dF/dtheta, one for each parameter.
  std::vector<Scalar> parameter_gradient() const { return minus_parameter_sum(error); }

  // dL/dv_i for every vertex by reverse-mode differentiation, dL/dv_output being `seed`. At the point of
  // forward().
  std::vector<Scalar> adjoints(Scalar seed) const {
    std::vector<Scalar> a(size(), Scalar(0));
    a[output()] = seed;
    for (std::size_t j = size(); j-- > 0;)
      for (std::size_t p = 0; p < vertices_[j].parents.size(); ++p)
        a[vertices_[j].parents[p]] += by_parent_[j][p] * a[j];
    return a;
  }

  // dL/dtheta from the adjoints.
  std::vector<Scalar> parameter_adjoints(std::span<const Scalar> adjoints) const {
    auto sum = minus_parameter_sum(adjoints);
    for (Scalar& g : sum) g = -g;
    return sum;
  }

  // s_i[d] of the header comment, for every vertex and d = 0 .. size() - 1.
  std::vector<std::vector<Scalar>> path_sums(Scalar output_error) const {
    std::vector<std::vector<Scalar>> s(size(), std::vector<Scalar>(size(), Scalar(0)));
    s[output()][0] = output_error;
    for (std::size_t j = size(); j-- > 0;)
      for (std::size_t p = 0; p < vertices_[j].parents.size(); ++p)
        for (std::size_t d = 1; d < size(); ++d)
          s[vertices_[j].parents[p]][d] += by_parent_[j][p] * s[j][d - 1];
    return s;
  }

 private:
  static void require(bool holds, const std::string& what) {
    if (!holds) throw std::invalid_argument("scalar_graph: " + what);
  }

  void predict(std::size_t i) {
    const auto& at = vertices_[i];
    std::vector<Scalar> in, theta;
    for (const std::size_t p : at.parents) in.push_back(v[p]);
    for (const std::size_t p : at.parameters) theta.push_back(parameters[p]);
    by_parent_[i].resize(in.size());
    by_parameter_[i].resize(theta.size());
    prediction[i] = at.value(in, theta);
    at.partials(in, theta, by_parent_[i], by_parameter_[i]);
  }

  // sum over the children j of J_ji e_j.
  Scalar pull(std::size_t i) const {
    Scalar sum = 0;
    for (std::size_t j = i + 1; j < size(); ++j)
      for (std::size_t p = 0; p < vertices_[j].parents.size(); ++p)
        if (vertices_[j].parents[p] == i) sum += by_parent_[j][p] * error[j];
    return sum;
  }

  std::vector<Scalar> minus_parameter_sum(std::span<const Scalar> weight) const {
    std::vector<Scalar> sum(parameters.size(), Scalar(0));
    for (std::size_t i = 0; i < size(); ++i)
      for (std::size_t p = 0; p < vertices_[i].parameters.size(); ++p)
        sum[vertices_[i].parameters[p]] -= by_parameter_[i][p] * weight[i];
    return sum;
  }

  std::vector<vertex<Scalar>> vertices_;
  std::vector<std::vector<Scalar>> by_parent_, by_parameter_;
};

// P(Bin(trials, eta) >= successes), 0 <= eta <= 1, all terms positive.
template <class Scalar>
Scalar binomial_tail(int trials, Scalar eta, int successes) {
  if (successes <= 0) return 1;
  std::vector<Scalar> mass(static_cast<std::size_t>(successes) + 1,
                           Scalar(0));  // the last holds "that many or more"
  mass[0] = 1;
  for (int t = 0; t < trials; ++t) {
    mass.back() += eta * mass[mass.size() - 2];
    for (std::size_t s = mass.size() - 2; s > 0; --s) mass[s] = (1 - eta) * mass[s] + eta * mass[s - 1];
    mass[0] *= 1 - eta;
  }
  return mass.back();
}

}  // namespace freefall::by_hand::scalar_graph

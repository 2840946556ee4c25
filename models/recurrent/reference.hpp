#pragma once
// A stack of recurrent layers unrolled over time, by predictive coding and by backpropagation through time,
// written by hand. Eigen only; shares no code with the compiler.
//
// Layers l = 1 .. L, times t = 1 .. T, h_{0,t} = x_t given, h_{l,0} given, W, U, b, V, c shared over time:
//
//   a_{l,t} = W_l h_{l-1,t} + U_l h_{l,t-1} + b_l,   p_{l,t} = tanh(a_{l,t}),   h_{l,t} ~ N(p_{l,t}, I)
//   q_t = V h_{L,t} + c,                             y_t ~ N(q_t, I) at those t that have a target y_t
//
// h_{l,t} is latent, the targets are given. With e_{l,t} = h_{l,t} - p_{l,t}, r_t = y_t - q_t (zero where
// there is no target) and g_{l,t} = (1 - p_{l,t}^2) .* e_{l,t},
//
//   F = sum_{l,t} |e_{l,t}|^2 / 2 + sum_t |r_t|^2 / 2
//   dF/dh_{l,t} = e_{l,t} - U_l' g_{l,t+1} - (l < L ? W_{l+1}' g_{l+1,t} : V' r_t)      (g_{l,T+1} = 0)
//   dF/dW_l = -sum_t g_{l,t} h_{l-1,t}',  dF/dU_l = -sum_t g_{l,t} h_{l,t-1}',  dF/db_l = -sum_t g_{l,t}
//   dF/dV = -sum_t r_t h_{L,t}',          dF/dc = -sum_t r_t
//
// Fixed predictions: these expressions with p, q, and h where it is a cause, at their feed-forward values.
// Their fixed point e_{l,t} = U_l' g_{l,t+1} + .. is the recursion of backpropagation through time for L =
// sum_t |r_t|^2 / 2, so that dF/dtheta there is dL/dtheta. Live predictions: the gradients of F itself.
//
// x_t, h_t, y_t are [batch, feature], W_l is [d_l, d_{l-1}], U_l is [d_l, d_l]; F is summed over the batch.
// Millidge, Tschantz and Buckley 2020; Millidge 2021, eq 6.18-6.21, with one time index for each target.

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "models/reference/optimiser.hpp"

namespace freefall::by_hand::recurrent {

enum class predictions { fixed, live };

enum class schedule {
  simultaneous,    // one sweep moves every h_{l,t} at once
  children_first,  // one sweep moves t = T .. 1 and within it l = L .. 1, each seeing the errors already
                   // moved
  time_blocked  // t = T .. 1, each time taking all its steps, its layers moving at once, before t - 1 starts
};

template <class Scalar>
struct parameters {
  struct layer {
    matrix<Scalar> W, U;
    row<Scalar> b;
  };
  std::vector<layer> layers;  // layers[l - 1] is layer l
  matrix<Scalar> V;           // [d_y, d_L]
  row<Scalar> c;
};

template <class Scalar>
class network {
 public:
  using sequence = std::vector<matrix<Scalar>>;

  explicit network(parameters<Scalar> start) : theta(std::move(start)) {
    if (theta.layers.empty()) throw std::invalid_argument("recurrent: needs one layer at least");
  }

  parameters<Scalar> theta;
  std::vector<sequence> h;           // h[l][t], l = 0 .. L, t = 0 .. T; h[0][0] is not used
  std::vector<sequence> prediction;  // p_{l,t}, l, t >= 1
  std::vector<sequence> error;       // e_{l,t}
  sequence readout;                  // q_t
  sequence readout_error;            // r_t

  std::size_t top() const { return theta.layers.size(); }
  std::size_t length() const { return h[0].size() - 1; }

  // x[t - 1] and y[t - 1] are x_t and y_t; an empty matrix among y is a time without target. h_{l,0} = 0.
  // Sets every h to its prediction.
  void forward(const sequence& x, const sequence& y) {
    if (y.size() != x.size())
      throw std::invalid_argument("recurrent: targets: expected " + std::to_string(x.size()) +
                                  " times, as many as inputs, found " + std::to_string(y.size()));
    const std::size_t T = x.size();
    target_ = y;
    h.assign(top() + 1, sequence(T + 1));
    prediction = error = cause_ = h;
    readout.assign(T + 1, {});
    readout_error = readout;
    for (std::size_t t = 1; t <= T; ++t) h[0][t] = x[t - 1];
    for (std::size_t l = 1; l <= top(); ++l)
      h[l][0] = matrix<Scalar>::Zero(x[0].rows(), theta.layers[l - 1].b.size());
    for (std::size_t t = 1; t <= T; ++t)
      for (std::size_t l = 1; l <= top(); ++l) {
        predict(l, t);
        h[l][t] = prediction[l][t];
      }
    evaluate(predictions::live);
  }

  // From the present h. The errors left behind are those of the final h.
  void relax(predictions how, schedule order, int steps, Scalar eta) {
    const auto move = [&](std::size_t first_l, std::size_t last_l, std::size_t first_t, std::size_t last_t) {
      auto next = h;
      for (std::size_t l = first_l; l <= last_l; ++l)
        for (std::size_t t = first_t; t <= last_t; ++t) next[l][t] -= eta * gradient(l, t);
      h = std::move(next);
      evaluate(how);
    };
    evaluate(how);
    if (order == schedule::time_blocked) {
      for (std::size_t t = length(); t > 0; --t)
        for (int k = 0; k < steps; ++k) move(1, top(), t, t);
      return;
    }
    for (int k = 0; k < steps; ++k) {
      if (order == schedule::simultaneous) {
        move(1, top(), 1, length());
        continue;
      }
      for (std::size_t t = length(); t > 0; --t)
        for (std::size_t l = top(); l > 0; --l) move(l, l, t, t);
    }
  }

  // The fixed point of the fixed predictions in one pass, children first.
  void settle() {
    for (std::size_t t = length(); t > 0; --t)
      for (std::size_t l = top(); l > 0; --l) {
        error[l][t].setZero();
        const matrix<Scalar> e = -gradient(l, t);
        error[l][t] = e;
        h[l][t] = prediction[l][t] + e;
      }
  }

  // Errors at the present h; with live predictions, the predictions too.
  void evaluate(predictions how) {
    for (std::size_t t = 1; t <= length(); ++t) {
      for (std::size_t l = 1; l <= top(); ++l) {
        if (how == predictions::live) predict(l, t);
        error[l][t] = h[l][t] - prediction[l][t];
      }
      if (how == predictions::live) {
        readout[t] = h[top()][t] * theta.V.transpose();
        readout[t].rowwise() += theta.c;
      }
      readout_error[t] = target_[t - 1].size() == 0
                             ? matrix<Scalar>::Zero(readout[t].rows(), readout[t].cols())
                             : matrix<Scalar>(target_[t - 1] - readout[t]);
    }
    if (how == predictions::live) cause_ = h;
  }

  Scalar energy() const {
    Scalar sum = 0;
    for (std::size_t t = 1; t <= length(); ++t) {
      for (std::size_t l = 1; l <= top(); ++l) sum += error[l][t].squaredNorm() / 2;
      sum += readout_error[t].squaredNorm() / 2;
    }
    return sum;
  }

  // dF/dh_{l,t}, [batch, d_l].
  matrix<Scalar> gradient(std::size_t l, std::size_t t) const {
    matrix<Scalar> sum = error[l][t];
    if (t < length()) sum -= weighted(l, t + 1) * theta.layers[l - 1].U;
    if (l < top())
      sum -= weighted(l + 1, t) * theta.layers[l].W;
    else
      sum -= readout_error[t] * theta.V;
    return sum;
  }

  // dF/dtheta at the present errors.
  parameters<Scalar> parameter_gradient() const {
    auto g = zero();
    for (std::size_t t = 1; t <= length(); ++t) {
      for (std::size_t l = 1; l <= top(); ++l) accumulate(g, l, t, -weighted(l, t));
      g.V -= readout_error[t].transpose() * cause_[top()][t];
      g.c -= readout_error[t].colwise().sum();
    }
    return g;
  }

  // dL/dtheta by backpropagation through time, with its own forward values from x and h_{l,0}; touches
  // nothing.
  parameters<Scalar> backpropagate() const {
    auto s = h;
    for (std::size_t t = 1; t <= length(); ++t)
      for (std::size_t l = 1; l <= top(); ++l) {
        matrix<Scalar> a =
            s[l - 1][t] * theta.layers[l - 1].W.transpose() + s[l][t - 1] * theta.layers[l - 1].U.transpose();
        a.rowwise() += theta.layers[l - 1].b;
        s[l][t] = a.array().tanh();
      }
    auto g = zero();
    std::vector<matrix<Scalar>> later(top() + 1);  // dL/dh_{l,t} by way of h_{l,t+1}
    for (std::size_t l = 1; l <= top(); ++l) later[l] = matrix<Scalar>::Zero(h[l][0].rows(), h[l][0].cols());
    for (std::size_t t = length(); t > 0; --t) {
      matrix<Scalar> above = matrix<Scalar>::Zero(h[top()][0].rows(), h[top()][0].cols());
      if (target_[t - 1].size() != 0) {
        matrix<Scalar> out = s[top()][t] * theta.V.transpose();
        out.rowwise() += theta.c;
        out -= target_[t - 1];
        g.V += out.transpose() * s[top()][t];
        g.c += out.colwise().sum();
        above = out * theta.V;
      }
      for (std::size_t l = top(); l > 0; --l) {
        auto& to = g.layers[l - 1];
        const matrix<Scalar> a = (above + later[l]).array() * (1 - s[l][t].array().square());
        to.W += a.transpose() * s[l - 1][t];
        to.U += a.transpose() * s[l][t - 1];
        to.b += a.colwise().sum();
        later[l] = a * theta.layers[l - 1].U;
        above = a * theta.layers[l - 1].W;
      }
    }
    return g;
  }

 private:
  void predict(std::size_t l, std::size_t t) {
    const auto& k = theta.layers[l - 1];
    matrix<Scalar> a = h[l - 1][t] * k.W.transpose() + h[l][t - 1] * k.U.transpose();
    a.rowwise() += k.b;
    prediction[l][t] = a.array().tanh();
  }

  // g_{l,t}
  matrix<Scalar> weighted(std::size_t l, std::size_t t) const {
    return error[l][t].array() * (1 - prediction[l][t].array().square());
  }

  void accumulate(parameters<Scalar>& g, std::size_t l, std::size_t t, const matrix<Scalar>& a) const {
    auto& to = g.layers[l - 1];
    to.W += a.transpose() * cause_[l - 1][t];
    to.U += a.transpose() * cause_[l][t - 1];
    to.b += a.colwise().sum();
  }

  parameters<Scalar> zero() const {
    auto g = theta;
    for (auto& l : g.layers) {
      l.W.setZero();
      l.U.setZero();
      l.b.setZero();
    }
    g.V.setZero();
    g.c.setZero();
    return g;
  }

  std::vector<sequence> cause_;  // the h that stood in the predictions
  sequence target_;
};

}  // namespace freefall::by_hand::recurrent

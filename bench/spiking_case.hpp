#pragma once
// What every candidate of spiking_bench computes, and the numbers it works on: N neurons that code a signal
// of two dimensions, one tick of 0.1 ms in which at most one fires (models/spiking_autoencoder).
//
//   x = c x + u,  r = c r,  V = c V + D' u + xi      c = 1 - leak
//   k = argmax V_i - T_i - nu_i,  T_i = |D_i|^2 / 2;   if that is positive:
//     r_k += 1,  V += W_k,  W_k -= eta (V before + beta W_k)      W_k the column of k
//
// Signal and noise of 512 ticks are drawn beforehand and used again and again. The exact answer is the
// network of models/spiking_autoencoder/reference.hpp in double; the same in float is what Eigen brings.

#include <cstddef>
#include <span>
#include <vector>

#include "models/spiking_autoencoder/simulation.hpp"

namespace freefall::bench::spiking {

namespace reference = by_hand::spiking_autoencoder;

inline constexpr std::size_t ticks = 512, ticks_of_a_run = 64;
inline constexpr float leak = 50 * 1e-4F, eta = 0.01F, beta = 0.52F;

struct setting {
  std::size_t neurons;
  std::vector<float> D, W;       // [2][N], [N][N], row-major
  std::vector<float> u, xi, nu;  // [ticks][2 or N]

  explicit setting(std::size_t n) : neurons(n), W(n * n) {
    const auto at = [](double x) { return static_cast<float>(x); };
    const auto circle = reference::circle(static_cast<Eigen::Index>(n));
    for (Eigen::Index d = 0; d < 2; ++d)
      for (Eigen::Index i = 0; i < circle.rows(); ++i) D.push_back(at(circle(i, d)));
    runtime::stream(1, "couplings").fill_uniform<float>(W);
    for (std::size_t i = 0; i < n * n; ++i) W[i] = -0.2F * W[i] - (i % (n + 1) == 0 ? 0.5F : 0.0F);
    const reference::constants<double> c;
    reference::smooth_signal signal(1, 2, 2, c);
    for (int warm = 0; warm < 2000; ++warm) signal.next();
    for (std::size_t t = 0; t < ticks; ++t)
      for (const double s : signal.next()) u.push_back(at(c.step * s));
    xi.resize(ticks * n);
    nu.resize(ticks * n);
    runtime::stream(1, "membrane").fill_normal<float>(xi);
    runtime::stream(1, "threshold").fill_normal<float>(nu);
    for (float& v : xi) v *= 1e-3F;
    for (float& v : nu) v *= 1e-2F;
  }
};

template <class T>
class eigen_network {
  using column = by_hand::column<T>;

 public:
  explicit eigen_network(const setting& s)
      : net(Eigen::Map<const by_hand::matrix<float>>(s.D.data(), 2, columns(s))
                .transpose()
                .template cast<T>()
                .eval(),
            reference::form::recurrent, reference::constants<T>{T(leak), T(1)}),
        given_(s) {
    net.W = Eigen::Map<const by_hand::matrix<float>>(s.W.data(), columns(s), columns(s)).template cast<T>();
  }
  void step(std::size_t t) {
    const auto of = [&](const std::vector<float>& all, Eigen::Index n) {
      return column(Eigen::Map<const by_hand::column<float>>(all.data() + t * static_cast<std::size_t>(n), n)
                        .template cast<T>());
    };
    const reference::voltage_rule<T> rule{T(eta), T(beta)};
    net.advance(of(given_.u, 2), of(given_.xi, columns(given_)));
    spikes += net.fire(reference::policy::one_winner, of(given_.nu, columns(given_)), &rule).size();
  }
  T V(std::size_t i) const { return net.V(static_cast<Eigen::Index>(i)); }
  T r(std::size_t i) const { return net.r(static_cast<Eigen::Index>(i)); }
  T W(std::size_t i, std::size_t j) const {
    return net.W(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j));
  }

  reference::network<T> net;
  std::size_t spikes = 0;

 private:
  static Eigen::Index columns(const setting& s) { return static_cast<Eigen::Index>(s.neurons); }
  const setting& given_;
};

}  // namespace freefall::bench::spiking

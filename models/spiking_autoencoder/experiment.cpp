// A spiking network learns its couplings while it codes a smooth random signal. At the end half a second with
// the couplings at rest: the spikes, and what is read out of them.

#include "models/spiking_autoencoder/learning.hpp"
#include "models/support/run.hpp"

namespace {

using namespace freefall::models;
using namespace freefall::models::spiking_autoencoder;

constexpr std::size_t neurons = spiking_autoencoder_20::extent::neuron;

// The signal, what is read out and who spikes.
void show(Results& results, simulation& s) {
  constexpr std::size_t ticks = 5000, each = 20;  // 500 ms of 0.1 ms; a point every 2 ms
  std::vector<double> signal, read_out;
  std::vector<std::pair<std::size_t, std::size_t>> spikes;
  for (std::size_t t = 0; t < ticks; ++t) {
    s.step([&] { s.net.run(); });
    for (std::size_t i = 0; i < neurons; ++i) {
      if (s.net.r_spike()(static_cast<Eigen::Index>(i)) != 0) spikes.emplace_back(t / 10, i);
    }
    if (t % each != 0) continue;
    signal.push_back(s.net.x()(0));
    read_out.push_back((s.net.D() * s.net.r())(0));
  }
  results.curve("First signal, couplings at rest", "time, 2 ms", "signal", signal);
  results.curve("First signal, couplings at rest", "time, 2 ms", "read-out", read_out);
  results.raster("Spikes of the same 500 ms, neurons from top to bottom", neurons, ticks / 10, spikes);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"A spiking network learns to code a signal of two numbers.", "spiking_autoencoder_experiment"};
  RunSettings run_settings;
  run_settings.epochs = 64;
  add_run_options(app, run_settings, "seconds of signal to learn from");
  return experiment_main(app, argc, argv, [&] {
    simulation s(run_settings.seed);
    Run run(run_settings, "spiking_autoencoder");
    run.keep("", s.net, spiking_autoencoder_20::tensors());
    run.keep("steps", s.steps);
    s.signal.state([&](const std::string& name, auto&& part) { run.keep("signal/" + name, part); });
    run.each([&](std::size_t epoch) {
      hand::decoder_error<double> decoded;
      double spikes = 0;
      for (std::uint64_t t = 0; t < ticks_per_second; ++t) {
        s.step([&] { s.net.learn(); });
        spikes += s.net.r_spike().sum();
        decoded.add(s.net.x(), s.net.D() * s.net.r());
      }
      const auto [distance, scale] = s.fit();
      const double rate = spikes / static_cast<double>(neurons);
      run.results.append("Error of the read-out", "second", "while learning", decoded.value());
      run.results.append("Couplings: distance from the best, up to a scale", "second", "learned", distance);
      run.results.append("Couplings: scale", "second", "learned", scale);
      run.results.append("Spikes per neuron and second", "second", "mean", rate);
      if (run.is_last_of(8, epoch))
        fmt::print(
            "epoch {:>4}  error of the read-out {:.4f}  distance of the couplings {:.5f}  scale {:.3f}  "
            "{:.1f} Hz\n",
            epoch + 1, decoded.value(), distance, scale, rate);
    });
    const auto [distance, scale] = s.fit();
    run.results.figure("distance of the couplings from the best", distance);
    run.results.figure("scale of the couplings", scale);
    show(run.results, s);
    run.results.save();
  });
}

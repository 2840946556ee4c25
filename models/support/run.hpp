#pragma once
// A long run: curves, a checkpoint after every epoch, and resuming from it. A run that is killed at any
// moment and resumed ends with the bits of one that was not.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <freefall/runtime/checkpoint.hpp>
#include <freefall/runtime/error.hpp>
#include <freefall/runtime/tensor_info.hpp>
#include <functional>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "models/support/results.hpp"

namespace freefall::models {

/// What every experiment can be told.
struct RunSettings {
  std::uint64_t seed = 0;
  std::size_t epochs = 0;           ///< of the whole run
  std::string checkpoint, results;  ///< files; empty: none is written
  bool resume = false;
};

/// Adds --seed, --epochs (`epochs` says what one is), --checkpoint, --resume and --results.
inline void add_run_options(CLI::App& app, RunSettings& run, const std::string& epochs) {
  app.add_option("--seed", run.seed, "seed of everything that is drawn")->capture_default_str();
  auto* count = app.add_option("--epochs", run.epochs, epochs)->check(CLI::PositiveNumber);
  if (run.epochs != 0) count->capture_default_str();
  auto* checkpoint =
      app.add_option("--checkpoint", run.checkpoint, "keep the state here after every epoch (.npz)");
  app.add_flag("--resume", run.resume,
               "go on from the checkpoint; the end is that of a run without the break")
      ->needs(checkpoint);
  app.add_option("--results", run.results, "write curves and figures here after every epoch (.json)");
}

/// Adds an option for a number above zero.
template <class T>
void add_positive_option(CLI::App& app, const std::string& name, T& value, const std::string& help) {
  app.add_option(name, value, help)->capture_default_str()->check(CLI::PositiveNumber);
}

///   Run run(settings, "tmaze");
///   run.keep("known/", agent.kernels, tmaze::tensors());   every array of an instance, and how far it has
///   drawn run.keep("world", world.drawn);                        a counter of the experiment
///   run.each([&](std::size_t epoch) { ...; run.results.append("Free energy", "epoch", "train", F); });
///
/// What is kept must stay where it is in memory. Settings are not kept: give the same when resuming.
class Run {
 public:
  /// Throws data_error when a file is to go to a folder that does not exist: now, not after the first epoch.
  Run(RunSettings settings, const std::string& model)
      : results(settings.results, model), settings_(std::move(settings)) {
    for (const std::string& file : {settings_.results, settings_.checkpoint}) expect_folder(file);
    keep("epoch", done_);
    keep("seed", seed_);
  }

  template <class Instance>
  void keep(const std::string& prefix, Instance& instance, std::span<const runtime::tensor_info> tensors) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      const runtime::tensor_info& t = tensors[i];
      slots_.push_back({prefix + t.name, {t.extents, t.extents + t.rank}, instance.elements(i).data()});
    }
    if constexpr (requires { instance.draw_step; }) keep(prefix + "draw_step", instance.draw_step);
  }
  /// The kernels of each of several that learn the same (learner.hpp).
  template <class Learners>
  void keep_each(Learners& learners, std::span<const runtime::tensor_info> tensors) {
    std::size_t number = 0;
    for (auto& learner : learners) keep(fmt::format("{}/", number++), learner.kernels, tensors);
  }
  void keep(const std::string& name, std::uint64_t& counter) {
    slots_.push_back({name, {}, reinterpret_cast<std::int64_t*>(&counter)});
  }
  void keep(const std::string& name, double& number) { slots_.push_back({name, {}, &number}); }
  void keep(const std::string& name, std::span<double> numbers) {
    slots_.push_back({name, {numbers.size()}, numbers.data()});
  }

  /// Calls `epoch` with 0, 1, ..., from where the checkpoint says when the run is resumed. Throws data_error
  /// where a file cannot be read or written or is that of another run.
  void each(const std::function<void(std::size_t)>& epoch) {
    if (settings_.resume) resume();
    while (done_ < settings_.epochs) {
      epoch(static_cast<std::size_t>(done_));
      ++done_;
      results.save();  // before the checkpoint, which says how much of it counts
      if (!settings_.checkpoint.empty()) save();
    }
  }

  /// True for every `count`th epoch and for the last: when a line is printed.
  bool is_last_of(std::size_t count, std::size_t epoch) const {
    return (epoch + 1) % count == 0 || epoch + 1 == settings_.epochs;
  }

  Results results;

 private:
  static void expect_folder(const std::filesystem::path& file) {
    const std::filesystem::path folder = file.parent_path();
    if (!folder.empty() && !std::filesystem::is_directory(folder))
      throw runtime::data_error(file, fmt::format("there is no folder '{0}'. Make it (mkdir -p '{0}'), or "
                                                  "give a file in a folder that exists.",
                                                  folder.string()));
  }
  void resume() {
    runtime::load_checkpoint(settings_.checkpoint, slots_);
    if (seed_ != settings_.seed)
      throw runtime::data_error(
          settings_.checkpoint,
          fmt::format("found a run with the seed {}, expected {}. Give --seed {}, or another file.", seed_,
                      settings_.seed, seed_));
    results.resume(static_cast<std::size_t>(done_));
  }
  void save() const {
    std::vector<runtime::array_view> views;
    for (const runtime::array_slot& slot : slots_)
      std::visit([&](auto* data) { views.push_back({slot.name, slot.shape, data}); }, slot.data);
    runtime::save_checkpoint(settings_.checkpoint, views);
  }

  const RunSettings settings_;
  std::uint64_t done_ = 0, seed_ = settings_.seed;
  std::vector<runtime::array_slot> slots_;
};

/// The main function of an experiment: parses, runs, says what went wrong, and returns an exit code with the
/// meaning it has for every verb of `freefall`. `run` may throw a CLI::ParseError too, for options that do
/// not go together.
inline int experiment_main(CLI::App& app, int argc, char** argv, const std::function<void()>& run) {
  app.footer(
      "Exit codes: 0 done; 1 the run failed, as when it diverges; 2 the command line is wrong;\n"
      "3 a file could not be read or written.");
  const auto say = [&](int code, const char* what) {
    fmt::print(stderr, "{}: {}\n", app.get_name(), what);
    return code;
  };
  try {
    app.parse(argc, argv);
    run();
    return 0;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const runtime::data_error& e) {
    return say(3, e.what());
  } catch (const std::filesystem::filesystem_error& e) {
    return say(3, e.what());
  } catch (const std::bad_alloc&) {
    return say(3, "out of memory");
  } catch (const std::exception& e) {
    return say(1, e.what());
  }
}

}  // namespace freefall::models

#include "bench/race.hpp"

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <freefall/runtime/denormals.hpp>
#include <freefall/runtime/simd.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace freefall::bench {
namespace {

double thread_time() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}

// 24 chains of fused multiplications and additions: more than any latency times width.
template <class T>
struct fma_loop {
  static constexpr int chains = 24, passes = 4096;
  static constexpr double operations = 2.0 * chains * passes * static_cast<double>(runtime::simd<T>::lanes);
  T out[runtime::simd<T>::lanes] = {};

  [[gnu::noinline]] void operator()() {
    using S = runtime::simd<T>;
    typename S::vector sum[chains];
    for (int i = 0; i < chains; ++i) sum[i] = S::broadcast(T(i));  // chains that start alike would be merged
    const typename S::vector half = S::broadcast(T(0.5)), one = S::broadcast(T(1));
#pragma GCC unroll 1
    for (int p = 0; p < passes; ++p) {
#pragma GCC unroll 32
      for (auto& s : sum) s = s * half + one;  // tends to 2
    }
    for (int i = 1; i < chains; ++i) sum[0] += sum[i];
    S::store(out, sum[0]);
  }
};

// A child process that reads and writes lines.
class worker {
 public:
  explicit worker(const std::vector<std::string>& command) {
    int down[2], up[2];
    if (pipe2(down, O_CLOEXEC) != 0 || pipe2(up, O_CLOEXEC) != 0) return;  // no other child holds them open
    child_ = fork();
    if (child_ == 0) {
      dup2(down[0], 0);
      dup2(up[1], 1);
      std::vector<char*> arguments;
      for (const auto& c : command) arguments.push_back(const_cast<char*>(c.c_str()));
      arguments.push_back(nullptr);
      execvp(arguments[0], arguments.data());
      _exit(127);
    }
    close(down[0]);
    close(up[1]);
    to_ = fdopen(down[1], "w");
    from_ = fdopen(up[0], "r");
  }
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker() {
    if (to_ != nullptr) std::fclose(to_);
    if (from_ != nullptr) std::fclose(from_);
    if (child_ > 0) waitpid(child_, nullptr, 0);
  }

  std::string line() {
    char text[256];
    return from_ != nullptr && std::fgets(text, sizeof text, from_) != nullptr ? text : "";
  }
  double ask(long calls) {
    fmt::print(to_, "{}\n", calls);
    std::fflush(to_);
    const std::string answer = line();
    if (answer.empty()) throw std::runtime_error("a peer in Python ended early");
    return std::stod(answer);
  }

 private:
  pid_t child_ = -1;
  std::FILE *to_ = nullptr, *from_ = nullptr;
};

// The medians of the times given to Google Benchmark, by name.
class medians : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const auto& run : runs)
      if (run.aggregate_name == "median" || run.repetitions == 1)  // of one round there are no aggregates
        of[run.run_name.function_name] = run.GetAdjustedRealTime();
  }
  std::map<std::string, double> of;
};

}  // namespace

candidate in_process(std::string variant, kind what, std::function<void()> call) {
  return {std::move(variant), what,
          [call = std::move(call)](long calls) {
            const double start = thread_time();
            for (long n = 0; n < calls; ++n) call();
            return thread_time() - start;
          },
          1};
}

candidate on_threads(std::string variant, kind what, int threads, std::function<void()> call) {
  using clock = std::chrono::steady_clock;
  return {std::move(variant), what,
          [call = std::move(call)](long calls) {
            const auto start = clock::now();
            for (long n = 0; n < calls; ++n) call();
            return std::chrono::duration<double, std::nano>(clock::now() - start).count();
          },
          threads};
}

std::vector<candidate> in_python(const std::string& variant, const std::vector<std::string>& command) {
  auto process = std::make_shared<worker>(command);
  const std::string greeting = process->line();
  if (greeting.starts_with("wrong:")) throw std::runtime_error(fmt::format("{} is {}", variant, greeting));
  if (!greeting.starts_with("ready")) {
    fmt::print("{:<28} skipped: {}", variant, greeting.empty() ? "python3 is not there\n" : greeting);
    return {};
  }
  if (greeting != "ready\n") fmt::print("{:<28} {}", variant, greeting);
  return {{variant, kind::peer, [process](long calls) { return process->ask(calls); }, 1}};
}

numbers_file::numbers_file() {
  std::string name = (std::filesystem::temp_directory_path() / "freefall-bench-XXXXXX").string();
  const int file = mkstemp(name.data());
  if (file < 0) throw std::runtime_error("cannot make a temporary file like " + name);
  close(file);
  path_ = name;
}
numbers_file::~numbers_file() { std::remove(path_.c_str()); }
const std::string& numbers_file::path() {
  std::ofstream file(path_, std::ios::binary);
  file.write(reinterpret_cast<const char*>(numbers_.data()),
             static_cast<std::streamsize>(numbers_.size() * sizeof(double)));
  if (!file.flush()) throw std::runtime_error("cannot write " + path_);
  return path_;
}

options read_options(const std::string& name, int argc, char** argv) {
  options given;
  CLI::App app{fmt::format("Times the candidates of the workload {} in one run.", name)};
  app.add_option("--json", given.json, "file to append an object a line to");
  app.add_option("--rounds", given.rounds, "times that each candidate has its turn")
      ->check(CLI::Range(1, 100000));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e));
  }
  return given;
}

std::vector<result> measure(const workload& work, const std::vector<candidate>& candidates, int rounds) {
  const runtime::flush_denormals mode = {};  // around all calls, as for short kernels in a loop
  auto all = candidates;
  double limit_operations = 0;
  if (work.double_precision) {
    all.push_back(in_process(fma_limit, kind::peer, [loop = fma_loop<double>{}]() mutable { loop(); }));
    limit_operations = fma_loop<double>::operations;
  } else {
    all.push_back(in_process(fma_limit, kind::peer, [loop = fma_loop<float>{}]() mutable { loop(); }));
    limit_operations = fma_loop<float>::operations;
  }
  benchmark::ClearRegisteredBenchmarks();  // of another race in this program
  constexpr double turn = 2e6;             // nanoseconds, at least one call
  for (const auto& c : all) {
    c.run(1);
    long calls = 1;
    for (double took = c.run(1); took < turn / 4 && calls < 1'000'000'000; took = c.run(calls)) calls *= 2;
    benchmark::RegisterBenchmark(c.variant.c_str(),
                                 [&c, calls](benchmark::State& state) {
                                   for (auto _ : state)
                                     state.SetIterationTime(1e-9 * c.run(calls) / static_cast<double>(calls));
                                 })
        ->UseManualTime()
        ->Iterations(1)
        ->Repetitions(rounds)
        ->ReportAggregatesOnly();
  }
  std::string name = "bench", interleaved = "--benchmark_enable_random_interleaving=true";
  std::vector<char*> arguments = {name.data(), interleaved.data()};
  int count = 2;
  benchmark::Initialize(&count, arguments.data());
  medians measured;
  benchmark::RunSpecifiedBenchmarks(&measured);

  double best_hand = 0;
  for (const auto& c : all) {
    const double t = measured.of.at(c.variant);
    if (c.what == kind::hand && (best_hand == 0 || t < best_hand)) best_hand = t;
  }
  const double per_nanosecond = limit_operations / measured.of.at(fma_limit);
  std::vector<result> results;
  for (const auto& c : all) {
    const bool is_limit = c.variant == fma_limit;
    const double t = measured.of.at(c.variant), operations = is_limit ? limit_operations : work.operations;
    result r{c.variant, c.threads, is_limit ? t : work.calls * t, {}, {}};
    if (best_hand > 0 && !is_limit) r.ratio_to_best_hand = t / best_hand;
    if (operations > 0) r.share_of_limit = operations / t / per_nanosecond;
    results.push_back(r);
  }
  return results;
}

void append_json(const options& given, const std::string& workload, const std::vector<result>& results) {
  if (given.json.empty()) return;
  std::ofstream file(given.json, std::ios::app);
  for (const result& r : results) {
    const auto or_null = [](const std::optional<double>& x) {
      return x ? nlohmann::ordered_json(*x) : nullptr;
    };
    const nlohmann::ordered_json row = {{"workload", workload},
                                        {"variant", r.variant},
                                        {"threads", r.threads},
                                        {"median_ns", r.median_ns},
                                        {"ratio_to_best_hand", or_null(r.ratio_to_best_hand)},
                                        {"share_of_limit", or_null(r.share_of_limit)}};
    file << row.dump() << "\n";
  }
  if (!file.flush()) throw std::runtime_error(fmt::format("cannot write '{}'", given.json));
}

int race(const workload& work, const std::vector<candidate>& candidates, int argc, char** argv) {
  const options given = read_options(work.name, argc, argv);
  const std::vector<result> results = measure(work, candidates, given.rounds);
  fmt::print("{:<28}{:>14}{:>24}{:>20}{}\n", work.name, "median", "ratio to best by hand",
             "share of FMA limit", work.units > 0 ? "      for one unit" : "");
  for (const result& r : results) {
    const bool has_unit = work.units > 0 && r.variant != fma_limit;
    fmt::print("{:<28}{:>11.3f} us{:>24}{:>20}{}\n", r.variant, 1e-3 * r.median_ns,
               r.ratio_to_best_hand ? fmt::format("{:.3f}", *r.ratio_to_best_hand) : "",
               r.share_of_limit ? fmt::format("{:.1f} %", 100 * *r.share_of_limit) : "",
               has_unit ? fmt::format("{:>15.3f} ns", r.median_ns / work.units) : "");
  }
  append_json(given, work.name, results);
  return 0;
}

}  // namespace freefall::bench

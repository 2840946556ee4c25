// The fuzzer: random programs through every pass and interpreter, some of them emitted, compiled and run.
//
//   freefall_fuzz 1000 --seed 7 --compile 100     seeds 7 to 1006, every tenth compiled
//   freefall_fuzz --replay tests/fuzz/regressions  every *.model of a folder, or one file
//   freefall_fuzz --show 7                         the program of a seed

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iterator>
#include <map>

#include "codegen/report/rules_text.hpp"
#include "tests/fuzz/generate.hpp"
#include "tests/fuzz/isolate.hpp"
#include "tests/fuzz/kernels.hpp"
#include "tests/fuzz/minimise.hpp"

namespace freefall::fuzz {
namespace {

struct Options {
  std::uint64_t count = 100, seed = 1, compile = 0, batch = 40, show = 0;
  std::size_t minimised = 3;  ///< failures of each stage
  std::string replay, failures = "fuzz_failures", folder = "fuzz_kernels", compiler = FREEFALL_FUZZ_COMPILER;
  bool quiet = false, rules = false;
};

class Run {
 public:
  explicit Run(const Options& o) : o_(o), compiler_{o.compiler, o.folder} {}

  int random() {
    const std::uint64_t every = o_.compile == 0 ? 0 : std::max<std::uint64_t>(1, o_.count / o_.compile);
    for (std::uint64_t n = 0; n < o_.count; ++n) {
      const std::uint64_t seed = o_.seed + n;
      program(fmt::format("seed {}", seed), generate(seed), every != 0 && n % every == 0);
      if (!o_.quiet && (n + 1) % 100 == 0) {
        fmt::print("{} of {}: {} failed\n", n + 1, o_.count, failed_);
        std::fflush(stdout);
      }
    }
    return finish();
  }

  int replay() {
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(o_.replay)) {
      for (const auto& entry : std::filesystem::directory_iterator(o_.replay)) {
        if (entry.path().extension() == ".model") files.push_back(entry.path());
      }
    } else {
      files.emplace_back(o_.replay);
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      std::ifstream in(file);
      if (!in) throw std::runtime_error("cannot read " + file.string());
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      expected_rejection_.clear();
      constexpr std::string_view kRejected = "# rejected: ";
      if (text.starts_with(kRejected))
        expected_rejection_ = text.substr(kRejected.size(), text.find('\n') - kRejected.size());
      if (o_.rules) print_rules(parse_lines(text));
      program(file.stem().string(), parse_lines(text), true);
      if (counts_.count("malformed") != 0) throw std::runtime_error(file.string() + " is no program");
    }
    return finish();
  }

 private:
  struct Program {
    std::string name;
    std::vector<Line> lines;
  };

  static void print_rules(const std::vector<Line>& lines) {
    const Subject subject = build(lines);
    fmt::print("{}\n", report::rules_text(derive_only(subject)));
  }

  void program(const std::string& name, std::vector<Line> lines, bool compiled) {
    const Outcome o = isolated([&] { return check_passes(lines); });
    compared_ += o.compared;
    ill_conditioned_ += o.ill_conditioned;
    energies_ += o.energies;
    slopes_ += o.slopes;
    unclear_slopes_ += o.unclear_slopes;
    verdicts_ += o.verdicts;
    without_verdict_ += o.without_verdict;
    long_texts_ += o.long_texts;
    if (!o_.replay.empty() && (o.kind == Outcome::Kind::rejected) != !expected_rejection_.empty()) {
      ++failed_;
      fmt::print("{} should {}: {}\n", name, expected_rejection_.empty() ? "compile" : "be rejected", o.text);
      return;
    }
    switch (o.kind) {
      case Outcome::Kind::malformed:
        ++counts_["malformed"];
        fmt::print("{}: malformed: {}\n", name, o.text);
        return;
      case Outcome::Kind::rejected: {
        ++counts_["rejected by the compiler"];
        if (o.text.find(expected_rejection_) == std::string::npos) {
          ++failed_;
          fmt::print("{} is rejected with another message: {}\n", name, o.text);
        }
        std::string reason = o.text;
        for (std::size_t at = reason.find('\''); at != std::string::npos; at = reason.find('\'', at + 3)) {
          const std::size_t end = reason.find('\'', at + 1);
          if (end == std::string::npos) break;
          reason.replace(at, end - at + 1, "'.'");
        }
        ++rejections_[reason];
        return;
      }
      case Outcome::Kind::failed:
        return failure(
            name, lines, o,
            [](const std::vector<Line>& l) { return isolated([&] { return check_passes(l); }); }, 600);
      case Outcome::Kind::passed: break;
    }
    ++counts_["through all passes"];
    if (!compiled) return;
    batch_.push_back({name, std::move(lines)});
    if (batch_.size() >= o_.batch) run_batch();
  }

  void run_batch() {
    std::vector<std::vector<Line>> programs;
    for (const Program& p : batch_) programs.push_back(p.lines);
    const std::vector<Program> batch = std::move(batch_);
    batch_.clear();
    if (programs.empty()) return;
    const auto outcomes = check_kernels(programs, compiler_);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      kernel_compared_ += outcomes[i].compared;
      kernel_ill_conditioned_ += outcomes[i].ill_conditioned;
      nan_runs_ += outcomes[i].nan_runs;
      ++counts_[outcomes[i].too_long ? "too long to be compiled" : "compiled and run"];
      if (outcomes[i].kind == Outcome::Kind::passed) continue;
      failure(
          batch[i].name, batch[i].lines, outcomes[i],
          [&](const std::vector<Line>& l) {
            Outcome o = isolated([&] { return check_passes(l); });
            return o.kind == Outcome::Kind::passed ? check_kernels({l}, compiler_)[0] : o;
          },
          120);
    }
  }

  template <class Check>
  void failure(const std::string& name, const std::vector<Line>& lines, const Outcome& o, Check&& check,
               std::size_t trials) {
    ++failed_;
    const std::size_t before = by_stage_[o.stage]++;
    fmt::print("{} fails in {}: {}\n", name, o.stage, o.text);
    if (before >= o_.minimised || !o_.replay.empty()) return;
    const std::string said = gist(o, lines);
    const auto same = [&](const std::vector<Line>& l) {
      const Outcome other = check(l);
      return other.kind == Outcome::Kind::failed && other.stage == o.stage && gist(other, lines) == said;
    };
    constexpr std::size_t kSlowTrials = 10;  // each may take as long as the failure
    const std::vector<Line> small = minimise(lines, same, o.stage == "hang" ? kSlowTrials : trials);
    std::filesystem::create_directories(o_.failures);
    std::string file = name;
    std::replace(file.begin(), file.end(), ' ', '_');
    const auto path = std::filesystem::path(o_.failures) / fmt::format("{}_{}.model", o.stage, file);
    const Outcome last = check(small);
    std::string reason = last.text;
    std::replace(reason.begin(), reason.end(), '\n', ' ');
    const std::string text = fmt::format("# {}: {}\n{}", last.stage, reason, print_lines(small));
    std::ofstream(path) << text;
    fmt::print(
        "the smallest found, in {} (as a test: a name of the behaviour, in tests/fuzz/regressions):\n{}\n",
        path.string(), text);
    std::fflush(stdout);
  }

  int finish() {
    run_batch();
    for (const auto& [what, n] : counts_) fmt::print("{:>8} {}\n", n, what);
    for (const auto& [reason, n] : rejections_) fmt::print("{:>12} {}\n", n, reason.substr(0, 140));
    fmt::print("{:>8} arrays compared after passes, {} of them ill-conditioned\n", compared_,
               ill_conditioned_);
    fmt::print("{:>8} arrays compared after kernels, {} of them ill-conditioned\n", kernel_compared_,
               kernel_ill_conditioned_);
    fmt::print("{:>8} calls with a NaN in an array that the kernel trusts\n", nan_runs_);
    fmt::print("{:>8} free energies compared with the definitions of their densities\n", energies_);
    fmt::print("{:>8} derivatives compared with differences, {} more at kinks or ill-conditioned\n", slopes_,
               unclear_slopes_);
    fmt::print("{:>8} references judged, {} more of two rules or without a value at any point\n", verdicts_,
               without_verdict_);
    fmt::print("{:>8} expressions too long to be parsed again\n", long_texts_);
    fmt::print("{:>8} failed\n", failed_);
    for (const auto& [stage, n] : by_stage_) fmt::print("{:>12} in {}\n", n, stage);
    return failed_ == 0 && counts_.count("malformed") == 0 ? 0 : 1;
  }

  const Options& o_;
  Compiler compiler_;
  std::vector<Program> batch_;
  std::string expected_rejection_;  // part of the message; empty: none is expected
  std::map<std::string, std::size_t> counts_, rejections_, by_stage_;
  std::size_t failed_ = 0, compared_ = 0, ill_conditioned_ = 0, kernel_compared_ = 0,
              kernel_ill_conditioned_ = 0, energies_ = 0, slopes_ = 0, unclear_slopes_ = 0, verdicts_ = 0,
              without_verdict_ = 0, long_texts_ = 0, nan_runs_ = 0;
};

int fuzz_main(int argc, char** argv) {
  Options o;
  CLI::App app{
      "Random programs through every pass of the compiler, against the interpreters and differences."};
  app.add_option("count", o.count, "number of programs")->capture_default_str();
  app.add_option("--seed", o.seed, "of the first program")->capture_default_str();
  app.add_option("--compile", o.compile, "how many of them are also compiled and run")->capture_default_str();
  app.add_option("--batch", o.batch, "programs in one translation unit")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--minimise", o.minimised, "failures of each stage that are made small")
      ->capture_default_str();
  app.add_option("--failures", o.failures, "folder for failing programs")->capture_default_str();
  app.add_option("--folder", o.folder, "folder for sources and libraries")->capture_default_str();
  app.add_option("--compiler", o.compiler, "compiler of kernels, with its options")->capture_default_str();
  app.add_option("--replay", o.replay, "programs of a folder or file instead of random ones")
      ->check(CLI::ExistingPath);
  auto* show = app.add_option("--show", o.show, "print the program of a seed and end");
  app.add_flag("--rules", o.rules, "print what is derived of each program that is replayed");
  app.add_flag("--quiet", o.quiet, "no progress");
  CLI11_PARSE(app, argc, argv);
  if (show->count() != 0) {
    fmt::print("{}", print_lines(generate(o.show)));
    return 0;
  }
  Run run(o);
  return o.replay.empty() ? run.random() : run.replay();
}

}  // namespace
}  // namespace freefall::fuzz

int main(int argc, char** argv) {
  try {
    return freefall::fuzz::fuzz_main(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "fuzz: {}\n", error.what());
    return 2;
  }
}

// Categorical variables, tables, expected futures.

#include "codegen/elaborate/future.hpp"
#include "tests/fuzz/program_kinds.hpp"

namespace freefall::fuzz {
namespace {

class Outcomes : public ProgramParts {
 public:
  explicit Outcomes(ProgramParts parts) : ProgramParts(std::move(parts)) {}

  struct Outcome : Variable {
    bool number = false;  // given as the number of the outcome, in an array over the plates alone
    const std::string& axis() const { return axes.back(); }
    // Its indicator at an index.
    std::string at(const std::string& index) const {
      Names indices = axes;
      if (!number) {
        indices.back() = index;
        return indexed(name, indices);
      }
      indices.pop_back();
      return fmt::format("equal(position({}), {})", index, indexed(name, indices));
    }
  };

  void outcomes() {
    std::vector<Outcome> all;
    std::vector<Line> factors;
    const bool exact = random_.one_in(2), plated = !random_.one_in(3);
    const std::size_t count = 2 + random_.below(3);
    if (!exact && random_.one_in(2)) tables_.push_back({});  // tables are learned as counts
    for (std::size_t n = 0; n < count; ++n) {
      Outcome s;
      s.name = fmt::format("s{}", n);
      if (plated) s.axes = plates_;
      s.axes.push_back(random_.any(pool_));
      if (n > 0 && s.axis() == all.back().axis() && random_.one_in(2)) s.axes.back() = random_.any(pool_);
      s.drawn = n > 0 || random_.one_in(2);
      s.latent = s.drawn && n + 1 < count;
      s.number = !s.latent && random_.one_in(3);
      declare(s.number ? "index_of" : "one_of", s.name, s.axes,
              !s.number && random_.one_in(2) ? "outcomes" : "");
      if (s.drawn)
        factors.push_back(line({s.name, "categorical"}, "", {line({"probability"}, table(s, all))}));
      all.push_back(s);
    }
    std::vector<Line> members, solves;
    Names latent;
    for (const Array& t : tables_) {
      if (t.name.empty()) continue;
      Names at = t.axes, seen;
      for (std::string& a : at) {
        const auto before = std::count(seen.begin(), seen.end(), a);
        seen.push_back(a);
        a += std::string(static_cast<std::size_t>(before), '\'');
      }
      factors.push_back(line({t.name, "dirichlet"}, "",
                             {line({"concentration"}, indexed(weight(t.axes, "positive"), at))}));
      members.push_back(line({t.name, "dirichlet"}));
      solves.push_back(line({"solve", t.name}, "F"));
    }
    models_.push_back(line({"model", "m"}, "", factors));
    std::vector<Outcome> believed;  // whose probabilities are arrays: no conditional
    for (const Outcome& s : all) {
      if (!s.latent) continue;
      if (!believed.empty() && random_.one_in(4)) {  // q of it given others
        const std::vector<Array> learned = std::move(tables_);
        tables_.clear();
        members.push_back(line({s.name, "conditional"}, table(s, believed)));
        tables_ = learned;
        continue;
      }
      believed.push_back(s);
      members.push_back(line({s.name, exact ? "exact" : "categorical"}));
      latent.push_back(s.name);
      solves.push_back(line({"solve", s.name}, "F"));
    }
    models_.push_back(line({"family", "q"}, "", members));
    models_.push_back(line({"functional", "F", "free_energy", "m", "q"}));
    const Line forward = line({"forward", "m", "q"});
    kernel("energy", {evaluate("value", {}, per_copy("F"))});
    if (!solves.empty()) {
      kernel("perceive", {forward, random_.one_in(2) ? loop(solves) : line({"in_order"}, "", solves)});
    }
    if (!random_.one_in(3)) future(all, plated);
    if (random_.one_in(2)) {
      const std::string& own = all.back().axis();
      declare("one_of", "a", {own}, "outcomes");
      kernel("choose", {line({random_.one_in(2) ? "choose" : "choose_drawn", "a"},
                             indexed(weight({own}, "probabilities"), {own}))});
    }
    Names targets;
    for (const Array& w : parameters_) targets.push_back(w.name);
    if (!targets.empty()) kernel("learn", {descend(per_copy("F"), targets)});
  }

  // A functional of what is expected: outcomes, or states, that are desired, and the posterior in use.
  void future(const std::vector<Outcome>& all, bool plated) {
    std::vector<elaborate::FutureRow> rows = elaborate::future_functionals();
    if (random_.one_in(3)) std::erase_if(rows, [](const auto& r) { return !r.posterior; });
    const elaborate::FutureRow& row = random_.any(rows);
    std::vector<Line> wanted;
    const Outcome *state = nullptr, *outcome = nullptr;
    for (const Outcome& s : all) {
      if (!s.drawn) continue;
      (s.latent ? state : outcome) = &s;
      if (s.latent == row.over_states)
        wanted.push_back(line({s.name}, indexed(weight({s.axis()}, "probabilities"), {s.axis()})));
    }
    // Of one state, on which the outcome depends, given the outcome.
    const bool fits = state != nullptr && outcome != nullptr && state->axis() != outcome->axis();
    if (row.posterior && !fits) return;
    if (fits && !row.over_states && (row.posterior || random_.one_in(2)))
      wanted.push_back(
          line({"posterior", state->name}, indexed(weight({state->axis(), outcome->axis()}, "probabilities"),
                                                   {state->axis(), outcome->axis()})));
    models_.push_back(line({"functional", "G", std::string(row.word), "m", "q"}, "", wanted));
    Names axes;
    if (plated) axes = plates_;
    kernel("plan", {evaluate("expected", axes, indexed("G", axes))});
  }

  // A table read at outcomes of some of the other variables.
  std::string table(const Outcome& s, const std::vector<Outcome>& others) {
    const std::string& own = s.axis();
    Names axes = {own}, indices = {own}, binders;
    std::string read;
    for (const Outcome& parent : others) {
      if (!(parent.name == others.back().name || random_.one_in(3)) || binders.size() == 2) continue;
      binders.push_back(random_.bound(parent.axis()));
      axes.push_back(parent.axis());
      indices.push_back(binders.back());
      read += " * " + parent.at(binders.back());
    }
    if (random_.one_in(3)) {  // learned through a softmax
      const std::string w = weight(axes), each = random_.bound(own);
      Names in = indices;
      in[0] = each;
      return sum_over(binders, fmt::format("softmax{{{}}}({})[{}]{}", each, indexed(w, in), own, read));
    }
    if (!tables_.empty() && random_.one_in(2)) {  // a table that is itself uncertain
      const std::string name = fmt::format("T{}", ++weight_count_);
      declare("variable", name, axes, "probabilities");
      tables_.push_back({name, axes});
      return sum_over(binders, indexed(name, indices) + read);
    }
    return sum_over(binders, indexed(weight(axes, "probabilities"), indices) + read);
  }

 private:
  std::vector<Array> tables_;  // drawn from Dirichlet densities; the first is empty where there may be some
};

}  // namespace

ProgramParts outcomes_program(ProgramParts parts) {
  Outcomes out(std::move(parts));
  out.outcomes();
  return out;
}

}  // namespace freefall::fuzz

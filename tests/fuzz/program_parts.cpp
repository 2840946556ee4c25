#include "tests/fuzz/program_parts.hpp"

#include "codegen/calculus/descent.hpp"

namespace freefall::fuzz {

ProgramParts::ProgramParts(std::uint64_t seed) : random_(seed * 2654435761U + 1), seed_(seed) {
  choose_axes();
  constants_ = random_.one_in(4);
}

std::vector<Line> ProgramParts::lines() {
  std::vector<Line> out = {line({"seed", fmt::format("{}", seed_ % 1000)}),
                           line({"scalar", random_.one_in(3) ? "float" : "double"})};
  for (const auto* part : {&axes_, &arrays_, &models_, &kernels_})
    out.insert(out.end(), part->begin(), part->end());
  return out;
}

std::string ProgramParts::add_axis(const std::string& name, std::size_t largest) {
  axes_.push_back(line({"axis", name, fmt::format("{}", 1 + random_.below(largest))}));
  pool_.push_back(name);
  return name;
}

void ProgramParts::choose_axes() {
  const std::size_t plates = random_.one_in(6) ? 0 : random_.one_in(5) ? 2 : 1;
  for (std::size_t p = 0; p < plates; ++p) {
    const std::string name = p == 0 ? "batch" : "trial";
    // Some wide enough for slices in the lanes of vectors.
    const std::size_t capacity = random_.one_in(4) ? 8 + random_.below(13) : 1 + random_.below(4);
    const std::size_t used = random_.one_in(2) ? capacity : 1 + random_.below(capacity);
    axes_.push_back(line({"plate", name, fmt::format("{}", capacity), fmt::format("{}", used)}));
    plates_.push_back(name);
  }
  static const Names names = {"cause", "hidden", "place", "unit", "zone"};
  const std::size_t first = random_.below(2);
  for (std::size_t n = 1 + random_.below(4); n > 0; --n) add_axis(names[first + n - 1], 5);
}

Array ProgramParts::declare(const std::string& role, const std::string& name, Names axes,
                            const std::string& values) {
  Names words = {role, name};
  words.insert(words.end(), axes.begin(), axes.end());
  if (!values.empty()) words.insert(words.end(), {":", values});
  arrays_.push_back(line(words));
  return {name, std::move(axes)};
}

std::string ProgramParts::weight(const Names& axes, const std::string& values) {
  const std::string key = fmt::format("{}:{}", fmt::join(axes, ","), values);
  Names& known = weights_[key];
  if (!known.empty() && random_.one_in(3)) return random_.any(known);
  const bool constant = constants_ && random_.one_in(2), given = constant || random_.one_in(8);
  const std::string name = fmt::format("{}{}",
                                       constant               ? "c"
                                       : given                ? "u"
                                       : values == "definite" ? "S"
                                                              : "W",
                                       ++weight_count_);
  declare(constant ? "constant" : given ? "input" : "parameter", name, axes, values);
  if (!given && values != "definite" && values != "probabilities") parameters_.push_back({name, axes});
  known.push_back(name);
  return name;
}

Names ProgramParts::some_axes(std::size_t most) {
  Names out;
  for (std::size_t n = random_.below(most + 1); n > 0; --n) {
    const std::string& a = random_.any(pool_);
    if (!contains(out, a)) out.push_back(a);
  }
  return out;
}

Names ProgramParts::without_plates(const Names& axes) const {
  Names out;
  for (const std::string& a : axes) {
    if (!is_plate(a)) out.push_back(a);
  }
  return out;
}

std::string ProgramParts::drive(const Array& x, const Names& target) {
  Names binders, weight_axes, weight_indices, indices, fresh = without_plates(target);
  for (const std::string& a : x.axes) std::erase(fresh, a);
  const auto weigh = [&](const std::string& axis, const std::string& index) {
    weight_axes.push_back(axis);
    weight_indices.push_back(index);
  };
  for (const std::string& a : x.axes) {
    const bool shared = contains(target, a);
    if (is_plate(a)) {
      indices.push_back(shared ? a : random_.bound(a));
      if (!shared) binders.push_back(indices.back());
    } else if (shared && random_.one_in(2)) {
      indices.push_back(shifted(a, binders, weight_axes, weight_indices));
    } else if (!shared && !fresh.empty() && random_.one_in(6)) {  // a window that moves with a new axis
      const std::string tap_axis = random_.any(pool_), tap = random_.bound(tap_axis);
      indices.push_back(fmt::format("{}{} + {}", random_.one_in(3) ? "2 " : "", fresh.back(), tap));
      fresh.pop_back();
      binders.push_back(tap);
      weigh(tap_axis, tap);
    } else {
      indices.push_back(random_.bound(a));
      binders.push_back(indices.back());
      if (shared) weigh(a, a);
      weigh(a, indices.back());
    }
  }
  for (const std::string& a : fresh) {
    if (!random_.one_in(6))
      weight_axes.insert(weight_axes.begin(), a), weight_indices.insert(weight_indices.begin(), a);
  }
  std::string read = random_.activate(indexed(x.name, indices), 6);
  if (!weight_axes.empty() || random_.one_in(4)) {
    const bool square = weight_axes.size() == 2 && weight_axes[0] == weight_axes[1];
    std::string w =
        indexed(weight(weight_axes, square && random_.one_in(4) ? "zero_diagonal" : ""), weight_indices);
    if (random_.one_in(12)) w = random_.activate(w);
    read = w + " * " + read;
  }
  return sum_over(binders, read);
}

std::string ProgramParts::shifted(const std::string& a, Names& binders, Names& weight_axes,
                                  Names& weight_indices) {
  if (!random_.one_in(5)) return a;
  if (random_.one_in(2)) return fmt::format("{} {} 1", a, random_.one_in(2) ? "+" : "-");
  const std::string axis = random_.any(pool_), tap = random_.bound(axis);
  binders.push_back(tap);
  weight_axes.push_back(axis);
  weight_indices.push_back(tap);
  return fmt::format("{} + {} - 1", a, tap);
}

std::string ProgramParts::bias(const Names& target) {
  const Names own = without_plates(target);
  switch (random_.below(own.empty() ? 4 : 12)) {
    case 0: return random_.number();
    case 1: return indexed(weight({}), {});
    case 2: {
      const std::string n = random_.number();
      return fmt::format("{} / extent({})", n, random_.any(pool_));
    }
    case 3: return special_scalar();
    case 4: return fmt::format("position({}) / 4", random_.any(own));
    case 5: {
      const std::string& a = random_.any(own);
      return fmt::format("delta({}, {})", a, random_.below(2));
    }
    case 6: {
      const std::string& a = random_.any(own);
      return fmt::format("range({}, {} - 1)", a, random_.any(own));
    }
    case 7: {
      const std::string& a = random_.any(own);
      return fmt::format("gather({}, position({}))", weight({random_.any(pool_)}), a);
    }
    default: return indexed(weight(own), own);
  }
}

std::string ProgramParts::special_scalar() {
  const std::string& a = random_.any(pool_);
  const std::string i = random_.bound(a), j = random_.bound(a);
  const std::string S = weight({a, a}, "definite"), v = weight({a});
  switch (random_.below(5)) {
    case 0: return fmt::format("log_det{{{0}, {1}}}({2}[{0}, {1}])", i, j, S);
    case 1:
      return fmt::format(
          "sum{{{0}, {1}}}({3}[{0}] * inverse{{{0}, {1}}}({2}[{0}, {1}])[{0}, {1}] * {3}[{1}])", i, j, S, v);
    case 2: return fmt::format("log_sum_exp{{{0}}}({1}[{0}])", i, v);
    case 3: return fmt::format("max{{{0}}}({1}[{0}])", i, v);
    default: return fmt::format("sum{{{0}}}({1}[{0}] * softmax{{{0}}}({1}[{0}])[{0}])", i, v);
  }
}

std::string ProgramParts::drives(const std::vector<Array>& parents, const Names& target) {
  std::string out;
  for (const Array& x : parents) {
    std::string d = drive(x, target);
    if (random_.one_in(8)) d = fmt::format("({}) * {}", d, RandomText::unit(drive(x, target)));
    out += (out.empty() ? "" : " + ") + d;
  }
  if (out.empty() || random_.one_in(2)) out += (out.empty() ? "" : " + ") + bias(target);
  const Names own = without_plates(target);
  if (!own.empty() && random_.one_in(10))
    return fmt::format("softmax{{{0}}}({1})[{0}]", random_.any(own), out);
  if (random_.one_in(14)) {
    const std::string condition = bias(target);
    return fmt::format("select({}, {}, {})", condition, out, bias(target));
  }
  return random_.activate(out, 5);
}

std::vector<Line> ProgramParts::spread(const std::vector<Array>& parents, const Names& target) {
  const Names own = without_plates(target);
  const std::string by = random_.one_in(2) ? "precision" : "variance";
  const std::string matrix = random_.one_in(2) ? "precision" : "covariance";
  switch (random_.below(own.empty() ? 5 : 11)) {
    case 0: return {line({by}, weight({}, "positive"))};
    case 1: return {line({by}, fmt::format("exp({})", weight({})))};
    case 2:
      if (!parents.empty()) return {line({by}, random_.positive(drive(random_.any(parents), target)))};
      return {};
    case 3:
    case 4: return {};
    case 5: return {line({by}, indexed(weight(own, "positive"), own))};
    case 6: {
      const std::string& a = random_.any(own);
      return {line({by}, fmt::format("exp({}[{}])", weight({a}), a))};
    }
    case 7:
    case 8: return {full(matrix, random_.any(own), own)};
    case 9: {  // exp(g) delta(i, j) + a_i a_j
      const std::string& a = random_.any(own);
      const std::string v = weight({a});
      return {line({matrix},
                   fmt::format("exp({0}) * delta({1}, {1}') + {2}[{1}] * {2}[{1}']", weight({}), a, v))};
    }
    default:
      if (own.size() < 2) return {full(matrix, own[0], own)};
      return {full(matrix, own[0], {own[0]}), random_.one_in(2) ? full("precision", own[1], {own[1]})
                                                                : line({"variance"}, weight({}, "positive"))};
  }
}

Line ProgramParts::full(const std::string& word, const std::string& a, const Names& own) {
  Names axes = {a, a}, indices = {a, a + "'"};
  if (own.size() > 1 && random_.one_in(3)) {
    const std::string& other = own[0] == a ? own[1] : own[0];
    const bool first = random_.one_in(2);
    axes.insert(first ? axes.begin() : axes.end(), other);
    indices.insert(first ? indices.begin() : indices.end(), other);
  }
  return line({word}, indexed(weight(axes, "definite"), indices));
}

std::string ProgramParts::per_copy(std::string functional) {
  for (const std::string& p : plates_) {
    if (random_.one_in(2)) functional += fmt::format(" / extent({})", p);
  }
  return functional;
}

std::string ProgramParts::penalty() {
  const Array& w = random_.any(parameters_);
  Names at;
  for (const std::string& a : w.axes) at.push_back(random_.bound(a));
  return sum_over(at, fmt::format("{}^2", indexed(w.name, at)));
}

const Names& ProgramParts::methods() {
  static const Names list = [] {
    Names out;
    for (const calculus::DescentRow& row : calculus::descents()) {
      const bool by_rate = std::all_of(row.settings.begin(), row.settings.end(), [](const auto& s) {
        return s.standard.has_value() || s.name == "rate";
      });
      if (by_rate && row.name != "newton") out.emplace_back(row.name);
    }
    return out;
  }();
  return list;
}

Line ProgramParts::descend(const std::string& functional, const Names& targets, std::string method) {
  if (method.empty()) method = random_.any(methods());
  std::vector<Line> settings = {line({"of"}, functional)};
  if (method == "newton") {
    if (random_.one_in(2)) settings.push_back(line({"rate"}, "1/2"));
  } else {
    settings.push_back(line({"rate"}, random_.one_in(3) ? rate() : "1/20"));
  }
  if (method == "momentum" && random_.one_in(2)) settings.push_back(line({"momentum"}, "4/5"));
  if (method == "adam" && random_.one_in(4)) settings.push_back(line({"beta1"}, "1/2"));
  Names words = {"descend", method};
  words.insert(words.end(), targets.begin(), targets.end());
  return line(words, "", settings);
}

std::string ProgramParts::rate() {
  if (!rate_) declare("input", "rate", {});
  rate_ = true;
  return "rate^2 / 8";
}

std::vector<Line> ProgramParts::settle(const std::string& functional, const Names& targets,
                                       const std::string& method) {
  if (targets.size() == 1 || random_.one_in(2)) return {descend(functional, targets, method)};
  std::vector<Line> each;
  for (const std::string& t : targets)
    each.push_back(descend(functional, {t}, random_.one_in(2) ? method : "momentum"));
  switch (random_.below(4)) {
    case 0: return each;
    case 1: return {line({"in_order"}, "", {descend(functional, targets, method)})};
    case 2: return {line({"children_first"}, "", each)};
    default: return {line({"simultaneously"}, "", each)};
  }
}

Line ProgramParts::scan(const std::string& axis, std::vector<Line> body) {
  static const Names orders = {"forwards", "backwards", "random", "shuffled"};
  return line({"scan", axis, random_.any(orders)}, "", std::move(body));
}

Line ProgramParts::loop(std::vector<Line> body) {
  const std::string passes = fmt::format("{}", 1 + random_.below(3));
  return random_.one_in(3) ? line({"until", passes, random_.one_in(2) ? "1" : "20"}, "", std::move(body))
                           : line({"repeat", passes}, "", std::move(body));
}

void ProgramParts::kernel(const std::string& name, std::vector<Line> body) {
  if (!body.empty()) kernels_.push_back(line({"kernel", name}, "", std::move(body)));
}

std::vector<Line> ProgramParts::joined(std::vector<Line> a, const std::vector<Line>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Line ProgramParts::evaluate(const std::string& name, const Names& axes, const std::string& value) {
  Names words = {"evaluate", name};
  words.insert(words.end(), axes.begin(), axes.end());
  return line(words, value);
}

}  // namespace freefall::fuzz

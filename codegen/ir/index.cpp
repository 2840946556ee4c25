#include "codegen/ir/index.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace freefall::ir {

std::strong_ordering compare(const Index& a, const Index& b) {
  if (a.axis != b.axis) {
    if (const auto c = a.axis->name <=> b.axis->name; c != 0) return c;
  }
  if (a.is_bound() != b.is_bound()) return a.is_bound() <=> b.is_bound();
  return a.is_bound() ? b.level <=> a.level : a.level <=> b.level;
}

std::strong_ordering compare(const Subscript& a, const Subscript& b) {
  if (const auto c = a.terms.size() <=> b.terms.size(); c != 0) return c;
  for (std::size_t i = 0; i < a.terms.size(); ++i) {
    if (const auto c = compare(a.terms[i].index, b.terms[i].index); c != 0) return c;
    if (const auto c = a.terms[i].factor <=> b.terms[i].factor; c != 0) return c;
  }
  return a.offset <=> b.offset;
}

Subscript& Subscript::add(const Subscript& other, int factor) {
  offset += factor * other.offset;
  for (const Term& term : other.terms) {
    auto at = std::find_if(terms.begin(), terms.end(), [&](const Term& t) { return t.index == term.index; });
    if (at == terms.end()) {
      terms.push_back({term.index, factor * term.factor});
    } else {
      at->factor += factor * term.factor;
    }
  }
  std::erase_if(terms, [](const Term& t) { return t.factor == 0; });
  std::sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) { return a.index < b.index; });
  return *this;
}

std::string str(Order order) {
  switch (order) {
    case Order::forwards: return "in order";
    case Order::backwards: return "the last first";
    case Order::random: return "drawn at random, as often as there are elements";
    case Order::shuffled: return "once each, in a random order";
  }
  return {};
}

std::string str(const Index& index) {
  if (index.is_bound()) return fmt::format("{}#{}", index.axis->name, -index.level);
  if (index.level > 3) return fmt::format("{}'{}", index.axis->name, index.level);
  return index.axis->name + std::string(static_cast<std::size_t>(index.level), '\'');
}

std::string str(const Subscript& subscript) {
  std::string out;
  for (const auto& term : subscript.terms) {
    const int magnitude = std::abs(term.factor);
    out += out.empty() ? (term.factor < 0 ? "-" : "") : (term.factor < 0 ? " - " : " + ");
    if (magnitude != 1) out += fmt::format("{} ", magnitude);
    out += str(term.index);
  }
  if (out.empty()) return fmt::format("{}", subscript.offset);
  if (subscript.offset != 0)
    out += fmt::format(" {} {}", subscript.offset < 0 ? '-' : '+', std::abs(subscript.offset));
  return out;
}

}  // namespace freefall::ir

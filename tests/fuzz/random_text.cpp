#include "tests/fuzz/random_text.hpp"

#include <fmt/format.h>

#include <map>

#include "codegen/ir/functions.hpp"

namespace freefall::fuzz {
namespace {

// Where a function is smooth, finite and of order one. One that is not named here takes positive arguments.
enum class Domain { all, small, unit, positive, unit_and_all, positive_and_small, order_and_positive, both };
Domain domain(std::string_view function) {
  static const std::map<std::string_view, Domain> table = {
      {"exp", Domain::small},
      {"expm1", Domain::small},
      {"log1p", Domain::unit},
      {"tan", Domain::small},
      {"tanh", Domain::all},
      {"sigmoid", Domain::all},
      {"softplus", Domain::all},
      {"relu", Domain::all},
      {"step", Domain::all},
      {"sin", Domain::all},
      {"cos", Domain::all},
      {"abs", Domain::all},
      {"sign", Domain::all},
      {"erf", Domain::all},
      {"gelu", Domain::all},
      {"silu", Domain::all},
      {"langevin", Domain::all},
      {"langevin_derivative", Domain::all},
      {"log_sinhc", Domain::all},
      {"less", Domain::both},
      {"equal", Domain::both},
      {"pow", Domain::positive_and_small},
      {"polygamma", Domain::order_and_positive},
      {"continuous_bernoulli_quantile", Domain::unit_and_all}};
  const auto at = table.find(function);
  return at == table.end() ? Domain::positive : at->second;
}

}  // namespace

std::string RandomText::number() {
  static const std::vector<std::string> numbers = {"2",      "1/2", "(-1)",   "1/3", "3/2",
                                                   "(-1/2)", "0.3", "(-0.7)", "1.1"};
  return any(numbers);
}

std::string RandomText::positive(const std::string& e) {
  switch (below(4)) {
    case 0: return fmt::format("(1 + ({})^2)", e);
    case 1: return fmt::format("exp(tanh({}))", e);
    case 2: return fmt::format("(1/2 + softplus({}))", e);
    default: return fmt::format("(1 + sigmoid({}))", e);
  }
}

std::string RandomText::activate(const std::string& e, std::size_t others_in) {
  if (one_in(4)) return e;
  if (!one_in(others_in)) {
    static const std::vector<std::string> common = {"tanh", "relu", "sigmoid", "sin", "softplus", "gelu"};
    return fmt::format("{}({})", any(common), e);
  }
  const auto& table = ir::functions();
  const ir::FunctionRow& row = table[below(table.size())];
  if (row.arity == 0) return fmt::format("({} + {}())", e, row.name);
  const auto call = [&](const auto&... args) {
    std::string list;
    ((list += (list.empty() ? "" : ", ") + args), ...);
    return fmt::format("{}({})", row.name, list);
  };
  switch (domain(row.name)) {
    case Domain::all: return call(e);
    case Domain::small: return call(small(e));
    case Domain::unit: return call(unit(e));
    case Domain::positive: {
      const std::string first = positive(e);
      return row.arity == 1 ? call(first) : call(first, positive(number()));
    }
    case Domain::order_and_positive: {
      const std::string order = std::to_string(1 + below(3));
      return call(order, positive(e));
    }
    case Domain::both: return fmt::format("({} + {})", e, call(e, number()));
    case Domain::positive_and_small: {
      const std::string first = positive(e);
      return call(first, one_in(2) ? small(e) : number());
    }
    case Domain::unit_and_all: return call(unit(e), one_in(2) ? e : number());
  }
  return e;
}

}  // namespace freefall::fuzz

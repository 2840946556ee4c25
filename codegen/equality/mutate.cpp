#include "codegen/equality/mutate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <unordered_set>

#include "codegen/ir/interpret.hpp"

namespace freefall::equality {
namespace {

using namespace ir;

void mutate_sum(Expr e, std::vector<Mutation>& out) {
  out.push_back({"sign", -e});
  if (!e->value.is_zero()) {
    out.push_back({"sign", make_sum(*e->context, e->args, e->weights, -e->value)});
    out.push_back({"term dropped", make_sum(*e->context, e->args, e->weights)});
  }
  for (std::size_t k = 0; k < e->args.size(); ++k) {
    std::vector<Number> weights = e->weights;
    weights[k] = -weights[k];
    out.push_back({"sign", make_sum(*e->context, e->args, weights, e->value)});
    weights[k] = Number(2) * e->weights[k];
    out.push_back({"factor 2", make_sum(*e->context, e->args, weights, e->value)});
    weights[k] = Number::ratio(1, 2) * e->weights[k];
    out.push_back({"factor 1/2", make_sum(*e->context, e->args, weights, e->value)});
    if (e->args.size() > 1) {
      weights[k] = 0;
      out.push_back({"term dropped", make_sum(*e->context, e->args, weights, e->value)});
    }
    if (e->args[k]->op == Op::Range) {  // of a constant
      std::vector<Expr> args = e->args;
      args[k] = make_constant(*e->context, 1);
      out.push_back({"factor dropped", make_sum(*e->context, args, e->weights, e->value)});
    }
  }
}

// Whether e is zero where the subscript of the indicator lies outside its axis, because of what it reads
// there.
bool is_zero_outside(Expr e, Expr range) try {
  const Environment<long double> nothing({});
  const Expr outside = transform(e, [&](Expr n) {
    const bool element = n->op == Op::Inverse || (n->op == Op::Reduce && n->reducer == Reducer::softmax);
    if (n->op == Op::Access || element) {
      for (std::size_t p = 0; p < n->subscripts.size(); ++p) {
        const Axis* const axis = element ? n->bound[p].axis : n->tensor->axes[p];
        if (axis == range->axis && n->subscripts[p] == range->subscripts[0])
          return make_constant(*n->context, 0);
      }
    }
    // tanh(0) is zero, exp(0) is not
    const bool number = n->op == Op::Map && std::all_of(n->args.begin(), n->args.end(),
                                                        [](Expr arg) { return arg->op == Op::Constant; });
    return number && evaluate_scalar(n, nothing) == 0 ? make_constant(*n->context, 0) : n;
  });
  return outside->is_constant(0);
} catch (const std::domain_error&) {  // divides by what it reads
  return false;
}

void mutate_product(Expr e, std::vector<Mutation>& out) {
  for (std::size_t k = 0; k < e->args.size(); ++k) {
    std::vector<Number> exponents = e->weights;
    exponents[k] = 0;
    const Expr others = make_product(*e->context, e->args, exponents);
    // Nobody writes an indicator that repeats what arrays say: outside their axes they read zero.
    if (e->args[k]->op == Op::Range && is_zero_outside(others, e->args[k])) continue;
    const std::string what = e->args[k]->op == Op::Access
                                 ? fmt::format("'{}' dropped", e->args[k]->tensor->name)
                                 : "factor dropped";
    out.push_back({what, others});
    exponents[k] = -e->weights[k];
    if (e->args[k]->op == Op::Access)
      out.push_back({fmt::format("'{}' inverted", e->args[k]->tensor->name),
                     make_product(*e->context, e->args, exponents)});
  }
}

// Read as A^T x rather than A x: the first subscript is summed and the second is not.
bool is_transposed(Expr access) {
  const auto bound = [&](std::size_t p) {
    return access->subscripts[p].is_plain() && access->subscripts[p].plain().is_bound();
  };
  return bound(0) && !bound(1);
}

// "theta12" -> "theta" and 12
std::pair<std::string_view, std::optional<int>> member_of_family(std::string_view name) {
  std::size_t stem = name.size();
  while (stem > 0 && name[stem - 1] >= '0' && name[stem - 1] <= '9') --stem;
  const bool fits = stem > 0 && stem < name.size() && name.size() - stem < 9;
  return {name.substr(0, stem),
          fits ? std::optional(std::stoi(std::string(name.substr(stem)))) : std::nullopt};
}

// A matrix below Inverse or LogDet stands for its symmetric part: there a transpose is no mistake.
void mutate_access(Expr e, bool is_symmetric, std::vector<Mutation>& out) {
  for (std::size_t i = 0; i < e->subscripts.size() && !is_symmetric; ++i) {
    for (std::size_t j = i + 1; j < e->subscripts.size(); ++j) {
      if (e->tensor->axes[i] != e->tensor->axes[j]) continue;
      std::vector<Subscript> subscripts = e->subscripts;
      std::swap(subscripts[i], subscripts[j]);
      out.push_back({is_transposed(e) ? fmt::format("missing transpose of '{}'", e->tensor->name)
                                      : fmt::format("'{}' transposed", e->tensor->name),
                     make_access(*e->context, e->tensor, subscripts)});
    }
  }
  const auto [stem, number] = member_of_family(e->tensor->name);
  if (!number) return;
  for (const Tensor& other : e->context->tensors()) {
    const auto [other_stem, other_number] = member_of_family(other.name);
    if (&other == e->tensor || other_stem != stem || !other_number || other.axes != e->tensor->axes ||
        other.role != e->tensor->role)
      continue;
    const int step = *other_number - *number;
    out.push_back({fmt::format("'{}' in place of '{}' (index l {} {} for l)", other.name, e->tensor->name,
                               step < 0 ? "-" : "+", std::abs(step)),
                   make_access(*e->context, &other, e->subscripts)});
  }
}

void mutate_map(Expr e, std::vector<Mutation>& out) {
  if (e->args.size() != 1) return;
  const Expr derivative = row(e->function).derivative(0, e->args, e);
  out.push_back(
      {fmt::format("{}' in place of {}", row(e->function).name, row(e->function).name), derivative});
  out.push_back({fmt::format("argument in place of {}", row(e->function).name), e->args[0]});
}

// A square matrix between two indices taken for the identity: a precision that is forgotten.
void mutate_contract(Expr e, std::vector<Mutation>& out) {
  const Expr body = e->args[0];
  if (body->op != Op::Product) return;
  for (const Expr f : body->args) {
    if (f->op != Op::Access || f->subscripts.size() != 2 || f->tensor->axes[0] != f->tensor->axes[1])
      continue;
    if (!f->subscripts[0].is_plain() || !f->subscripts[1].is_plain()) continue;
    const Expr one = replace(body, {{f, make_delta(*e->context, f->subscripts[0], f->subscripts[1])}});
    out.push_back({fmt::format("'{}' dropped", f->tensor->name), make_contract(e->bound, one)});
  }
}

// Where e is the derivative of a function that occurs: the function itself, or nothing, in its place.
void mutate_derivative(Expr e, const std::vector<Expr>& calls, std::vector<Mutation>& out) {
  for (const Expr call : calls) {
    const Expr derivative = row(call->function).derivative(0, call->args, call);
    Number factor = 1;
    if (!(e == derivative)) {
      const bool multiple = e->op == Op::Sum && derivative->op == Op::Sum && e->args == derivative->args &&
                            derivative->weights[0].is_exact();
      if (!multiple) continue;
      factor = e->weights[0] * power(derivative->weights[0], -1);
      if (!(make_sum(*e->context, {derivative}, {factor}) == e)) continue;
    }
    const std::string_view f = row(call->function).name;
    out.push_back({fmt::format("{0} in place of {0}'", f), factor * call});
    out.push_back({fmt::format("{}' dropped", f), make_constant(*e->context, factor)});
  }
}

}  // namespace

std::vector<Mutation> mutations(Expr root) {
  std::vector<Mutation> out;
  const auto keep = [&](const std::string& mistake, Expr mutated) {
    const bool known =
        std::any_of(out.begin(), out.end(), [&](const Mutation& m) { return m.expression == mutated; });
    if (!(mutated == root) && !known) out.push_back({mistake, mutated});
  };
  std::vector<Expr> calls;
  for (const Expr e : topological({root})) {
    if (e->op == Op::Map && e->args.size() == 1) calls.push_back(e);
  }
  std::unordered_set<const Node*> symmetric;  // looked up, never walked
  for (const Expr e : topological({root})) {
    if (e->op != Op::Inverse && e->op != Op::LogDet) continue;
    for (const Expr below : topological({e->args[0]})) symmetric.insert(below.get());
  }
  keep("sign", -root);
  keep("factor 2", Number(2) * root);
  keep("factor 1/2", Number::ratio(1, 2) * root);
  for (const Expr e : topological({root})) {
    std::vector<Mutation> here;
    mutate_derivative(e, calls, here);
    if (e->op == Op::Sum) mutate_sum(e, here);
    if (e->op == Op::Product) mutate_product(e, here);
    if (e->op == Op::Access) mutate_access(e, symmetric.contains(e.get()), here);
    if (e->op == Op::Map) mutate_map(e, here);
    if (e->op == Op::Contract) mutate_contract(e, here);
    for (const Mutation& m : here) {
      try {
        keep(m.mistake, replace(root, {{e, m.expression}}));
      } catch (const std::domain_error&) {  // divides by the zero that it puts there: nobody's rule
      }
    }
  }
  return out;
}

}  // namespace freefall::equality

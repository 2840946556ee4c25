#include "codegen/ir/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace freefall::ir {
namespace {

struct TooManyTerms {};

struct Term {
  Expr base;
  Number weight;
};

std::vector<Term> terms_of(Expr e) {
  if (e->op != Op::Sum) return {{e, 1}};
  std::vector<Term> out;
  for (std::size_t k = 0; k < e->args.size(); ++k) out.push_back({e->args[k], e->weights[k]});
  if (!e->value.is_zero()) out.push_back({make_constant(*e->context, 1), e->value});
  return out;
}

class Expander {
 public:
  Expander(Context& context, std::size_t most_terms) : context_(context), most_terms_(most_terms) {}

  Expr run(Expr root) {
    std::unordered_map<const Node*, Expr> done;
    for (const Expr e : topological({root})) {
      std::vector<Expr> args;
      for (const Expr a : e->args) args.push_back(done.at(a.get()));
      done[e.get()] = node(e, args);
    }
    return done.at(root.get());
  }

 private:
  template <class F>  // linear in e
  Expr distribute(Expr e, F&& f) {
    std::vector<Expr> parts;
    std::vector<Number> weights;
    for (const Term& t : terms_of(e)) {
      parts.push_back(f(t.base));
      weights.push_back(t.weight);
    }
    return sum(parts, weights, 0);
  }

  Expr sum(const std::vector<Expr>& args, const std::vector<Number>& weights, const Number& constant) {
    const Expr out = make_sum(context_, args, weights, constant);
    if (out->args.size() > most_terms_) throw TooManyTerms();
    return out;
  }

  Expr node(Expr e, const std::vector<Expr>& args) {
    switch (e->op) {
      case Op::Sum: return sum(args, e->weights, e->value);
      case Op::Product: return product(*e, args);
      case Op::Contract: return distribute(args[0], [&](Expr term) { return contract(e->bound, term); });
      case Op::Select: {
        const Expr zero = make_constant(context_, 0);
        return distribute(args[1], [&](Expr term) { return make_select(args[0], term, zero); }) +
               distribute(args[2], [&](Expr term) { return make_select(args[0], zero, term); });
      }
      default: return args.empty() ? e : rebuild(e, args);
    }
  }

  Expr multiply(Expr a, Expr b) {
    const std::vector<Term> left = terms_of(a), right = terms_of(b);
    if (left.size() > most_terms_ / right.size()) throw TooManyTerms();
    std::vector<Expr> parts;
    std::vector<Number> weights;
    for (const Term& l : left) {
      for (const Term& r : right) {
        parts.push_back(l.base * r.base);
        weights.push_back(l.weight * r.weight);
      }
    }
    return sum(parts, weights, 0);
  }

  Expr product(const Node& n, const std::vector<Expr>& args) {
    Expr out = make_constant(context_, 1);
    for (std::size_t k = 0; k < args.size(); ++k) {
      const auto exponent = static_cast<int>(n.weights[k].numerator());
      if (exponent < 0 || args[k]->op != Op::Sum) {
        out = multiply(out, power(args[k], exponent));
      } else {
        for (int copy = 0; copy < exponent; ++copy) out = multiply(out, args[k]);
      }
    }
    return out;
  }

  // Contraction of one term; inner contractions that an index of this one enters are merged with it.
  Expr contract(const std::vector<Index>& bound, Expr term) {
    const bool single = term->op != Op::Product;
    const std::vector<Expr> factors = single ? std::vector<Expr>{term} : term->args;
    std::vector<Index> all = bound;
    std::vector<Expr> merged;
    std::vector<Number> exponents;
    for (std::size_t k = 0; k < factors.size(); ++k) {
      const Expr f = factors[k];
      const Number exponent = single ? Number(1) : term->weights[k];
      const bool linked =
          std::any_of(bound.begin(), bound.end(), [&](const Index& i) { return f->depends_on(i); });
      if (f->op != Op::Contract || exponent.is_negative() || !linked) {
        merged.push_back(f);
        exponents.push_back(exponent);
        continue;
      }
      for (std::int64_t copy = 0; copy < exponent.numerator(); ++copy) {
        Substitution apart;
        for (const Index& b : f->bound) {
          all.push_back({b.axis, kOpenedLevel + opened_++});
          apart.emplace_back(b, all.back());
        }
        merged.push_back(substitute(f->args[0], apart));
        exponents.push_back(1);
      }
    }
    return make_contract(all, make_product(context_, merged, exponents));
  }

  static constexpr int kOpenedLevel = 1 << 25;
  Context& context_;
  std::size_t most_terms_;
  int opened_ = 0;
};

}  // namespace

std::optional<Expr> try_expand(Expr e, std::size_t most_terms) {
  try {
    // Merging can enable a substitution by a delta, which can expose another sum; a few rounds settle.
    for (int round = 0; round < 32; ++round) {
      const Expr next = Expander(*e->context, most_terms).run(e);
      if (next == e) return e;
      e = next;
    }
    throw std::logic_error("this is a bug in freefall: expansion does not settle");
  } catch (const TooManyTerms&) {
    return std::nullopt;
  }
}

Expr expand(Expr e, std::size_t most_terms) {
  const std::optional<Expr> out = try_expand(e, most_terms);
  if (!out)
    throw std::length_error(fmt::format("the distributed form of an expression passes {} terms", most_terms));
  return *out;
}

}  // namespace freefall::ir

#include "codegen/loop/fuse_nests.hpp"

#include <algorithm>

#include "codegen/loop/cost.hpp"
#include "codegen/loop/product_form.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

// True if several elements of the nest go to one element of the target.
bool sums(const Nest& nest, const Store& s) {
  return std::any_of(nest.loops.begin(), nest.loops.end(), [&](const Index& i) {
    return std::find(s.subscripts.begin(), s.subscripts.end(), Subscript(i)) == s.subscripts.end();
  });
}

bool can_join(const Nest& first, const Nest& second) {
  if (!(first.loops == second.loops)) return false;
  for (const Store& a : first.stores) {
    for (const Store& b : second.stores) {
      if (!reads_only_at(b.value, a.target, a.subscripts) || !reads_only_at(a.value, b.target, b.subscripts))
        return false;
      if (a.target == b.target && !(a.subscripts == b.subscripts)) return false;
      // An accumulation is complete only after its loops; nothing of the same nest may read or reset it.
      const bool partial = sums(first, a);
      if (partial && (a.target == b.target || !reads_only_at(b.value, a.target, {Subscript(-1)})))
        return false;
      if (sums(first, b) && !reads_only_at(a.value, b.target, {Subscript(-1)})) return false;
    }
  }
  return true;
}

// True if one of them is done for one element alone, and this is lost in a loop over all.
bool is_dearer_together(const Nest& first, const Nest& second, const plan::Specialisation& sizes) {
  Nest both = first;
  both.stores.insert(both.stores.end(), second.stores.begin(), second.stores.end());
  return cost({{both}}, sizes).operations >
         cost({{first}}, sizes).operations + cost({{second}}, sizes).operations + kScatter;
}

// True if the store adds up, or finds the largest of, what the innermost loop goes through, and nothing else.
bool reduces_rows(const std::vector<Index>& loops, const Store& s) {
  return s.mode != Store::Mode::set && std::all_of(loops.begin(), loops.end(), [&](const Index& i) {
           const bool stands =
               std::find(s.subscripts.begin(), s.subscripts.end(), Subscript(i)) != s.subscripts.end();
           return stands != (i == loops.back());
         });
}

// Stores by which the innermost loop reduces what it goes through to one element.
std::ptrdiff_t reductions(const std::vector<Index>& loops, const std::vector<Store>& stores) {
  return std::count_if(stores.begin(), stores.end(), [&](const Store& s) {
    return !loops.empty() && std::none_of(s.subscripts.begin(), s.subscripts.end(),
                                          [&](const Subscript& at) { return at == Subscript(loops.back()); });
  });
}

// True if the nest runs over the elements of the product and may do so as soon as each sum is complete.
bool can_append(const Gemm& g, const Nest& nest, const plan::Specialisation& sizes) {
  if (product_form(g, sizes) == ProductForm::blocked || g.accumulate) return false;
  const Nest elements{all_indices(g), g.epilogue};
  if (!std::is_permutation(nest.loops.begin(), nest.loops.end(), elements.loops.begin(),
                           elements.loops.end()) ||
      reductions(elements.loops, nest.stores) + reductions(elements.loops, g.epilogue) > 1)
    return false;
  const Axis* innermost = elements.loops.back().axis;
  const ProductForm form = product_form(g, sizes);  // whole rows of a tile come at once
  const bool is_tiled = form == ProductForm::tiled || form == ProductForm::counted;
  const bool good = std::all_of(nest.stores.begin(), nest.stores.end(), [&](const Store& s) {
    // The sums come in vectors of every size down to one element.
    const bool rest =
        !plan::is_counted(innermost) && has_costly_rest(s.value, sizes.extent(innermost), sizes);
    const bool own = !sums(nest, s) || (is_tiled && reduces_rows(elements.loops, s));
    return !rest && own && s.target != g.a->tensor && s.target != g.b->tensor && s.target != g.c->tensor &&
           reads_only_at(s.value, g.c->tensor, g.c->subscripts);
  });
  return good && can_join(elements, Nest{elements.loops, nest.stores});
}

bool overlap(const std::vector<const Tensor*>& a, const std::vector<const Tensor*>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const Tensor* t) { return std::find(b.begin(), b.end(), t) != b.end(); });
}

// The nest over the indices of `loops` where it has others over the same axes.
Nest over(const std::vector<Index>& loops, const Nest& nest) {
  const auto has = [](const std::vector<Index>& in, const Index& i) {
    return std::find(in.begin(), in.end(), i) != in.end();
  };
  Nest out = nest;
  Substitution renaming;
  for (Index& own : out.loops) {
    if (has(loops, own)) continue;
    const auto other = std::find_if(loops.begin(), loops.end(),
                                    [&](const Index& i) { return i.axis == own.axis && !has(out.loops, i); });
    if (other == loops.end()) return nest;
    renaming.emplace_back(own, Subscript(*other));
    own = *other;
  }
  for (Store& s : out.stores) {
    s.value = substitute(s.value, renaming);
    for (Subscript& at : s.subscripts) at = substitute(at, renaming);
  }
  return out;
}

// True for the nest that sets what another begins to sum up in.
bool begins(const Operation& o, const Nest& nest) {
  const auto* first = std::get_if<Nest>(&o.action);
  return first != nullptr && nest.stores.size() == 1 && sums(nest, nest.stores[0]) &&
         std::all_of(first->stores.begin(), first->stores.end(), [&](const Store& s) {
           return s.mode == Store::Mode::set && s.target == nest.stores[0].target &&
                  tensors_of(s.value).empty();
         });
}

// Appends the nest to an earlier operation that it may join and that nothing in between keeps it from: the
// one furthest back among those that compute something the nest reads, else the last operation. What the nest
// begins to sum up in is set before that operation.
bool join(Operations& out, const Nest& nest, const plan::Specialisation& sizes) {
  const Touched own = touched(Operation{nest});
  std::optional<std::size_t> host, beginning;
  for (std::size_t i = out.size(); i-- > 0;) {
    if (!beginning && begins(out[i], nest)) {
      beginning = i;
      continue;
    }
    const Touched theirs = touched(out[i]);
    const auto* other = std::get_if<Nest>(&out[i].action);
    const auto* gemm = std::get_if<Gemm>(&out[i].action);
    const bool joins =
        other != nullptr
            ? can_join(*other, over(other->loops, nest)) &&
                  !is_dearer_together(*other, over(other->loops, nest), sizes) &&
                  reductions(other->loops, other->stores) + reductions(nest.loops, nest.stores) <= 1
            : gemm != nullptr && can_append(*gemm, over(all_indices(*gemm), nest), sizes);
    const bool related =
        overlap(theirs.written, own.read) || (gemm != nullptr && overlap({gemm->c->tensor}, own.read));
    if (joins && (related || (other != nullptr && i + 1 == out.size()))) host = i;
    if (related || overlap(own.written, theirs.read) || overlap(own.written, theirs.written)) break;
  }
  if (!host) return false;
  if (beginning && *beginning > *host) {
    std::rotate(out.begin() + static_cast<std::ptrdiff_t>(*host),
                out.begin() + static_cast<std::ptrdiff_t>(*beginning),
                out.begin() + static_cast<std::ptrdiff_t>(*beginning) + 1);
    ++*host;
  }
  auto* gemm = std::get_if<Gemm>(&out[*host].action);
  const Nest joined =
      over(gemm != nullptr ? all_indices(*gemm) : std::get<Nest>(out[*host].action).loops, nest);
  auto& stores = gemm != nullptr ? gemm->epilogue : std::get<Nest>(out[*host].action).stores;
  stores.insert(stores.end(), joined.stores.begin(), joined.stores.end());
  return true;
}

std::size_t count(const Operations& operations) {
  std::size_t out = operations.size();
  for (const Operation& o : operations) {
    if (const Operations* body = body_of(o)) out += count(*body);
  }
  return out;
}

Operations fuse_once(const Operations& operations, const plan::Specialisation& sizes) {
  Operations out;
  for (Operation o : operations) {
    if (Operations* body = body_of(o)) *body = fuse_once(*body, sizes);
    const auto* nest = std::get_if<Nest>(&o.action);
    if (nest == nullptr || !join(out, *nest, sizes)) out.push_back(std::move(o));
  }
  return out;
}

}  // namespace

Operations fuse_nests(const Operations& operations, const plan::Specialisation& sizes) {
  Operations out = fuse_once(operations, sizes);
  for (std::size_t before = count(operations); count(out) < before;) {
    before = count(out);
    out = fuse_once(out, sizes);
  }
  return out;
}

}  // namespace freefall::loop

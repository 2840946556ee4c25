#include "codegen/loop/sink_into_conditions.hpp"

#include <algorithm>
#include <map>

#include "codegen/loop/compared_maximum.hpp"

namespace freefall::loop {
namespace {

using namespace ir;

bool overlap(const std::vector<const Tensor*>& a, const std::vector<const Tensor*>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const Tensor* t) { return std::find(b.begin(), b.end(), t) != b.end(); });
}

using Readers = std::map<const Tensor*, int>;  // how many operations read each; its order is never seen

void count(const Operations& operations, Readers& readers, int sign) {
  for (const Operation& o : operations) {
    if (const Operations* body = body_of(o)) {
      count(*body, readers, sign);
      const auto* repeat = std::get_if<Repeat>(&o.action);
      const auto* sweep = std::get_if<Sweep>(&o.action);
      for (const Tensor* t :
           {repeat != nullptr ? repeat->moved : nullptr, repeat != nullptr ? repeat->while_positive : nullptr,
            sweep != nullptr ? sweep->elements : nullptr}) {
        if (t != nullptr) readers[t] += sign;
      }
    } else {
      for (const Tensor* t : touched(o).read) readers[t] += sign;
    }
  }
}

class Sinking {
 public:
  Sinking(const Operations& kernel, const plan::Specialisation& sizes) : sizes_(sizes) {
    count(kernel, readers_, 1);
  }

  // `known`: an array of which some element is positive wherever the operations run, or null.
  Operations run(const Operations& operations, const Tensor* known = nullptr) {
    Operations out;
    for (Operation o : operations) {
      auto* repeat = std::get_if<Repeat>(&o.action);
      const bool is_condition =
          repeat != nullptr && repeat->count == 1 && repeat->while_positive != nullptr && !repeat->tolerance;
      if (Operations* body = body_of(o)) *body = run(*body, is_condition ? repeat->while_positive : nullptr);
      if (is_condition) {
        take_from(out, *repeat);
        const Tensor* all = maximum_of(out, repeat->while_positive);
        if (all != nullptr && all != known && is_few(all)) ask_for_any(all, out, o);
      }
      out.push_back(std::move(o));
    }
    return out;
  }

 private:
  // Where looking at each element is less work than finding the largest: of a few vectors, the lanes of the
  // last are most of it.
  bool is_few(const Tensor* t) const {
    constexpr std::size_t kVectors = 4;
    return std::none_of(t->axes.begin(), t->axes.end(), plan::is_counted) &&
           sizes_.size(t) * plan::bytes(sizes_.scalar) <= kVectors * sizes_.machine.vector_bytes;
  }

  // Puts the condition on a maximum into one on its array, if the maximum itself may go there too.
  void ask_for_any(const Tensor* all, Operations& before, Operation& condition) {
    const Tensor* maximum = std::get<Repeat>(condition.action).while_positive;
    Repeat outer{1, std::nullopt, nullptr, {condition}, all};
    Operations rest = before;
    take_from(rest, outer);
    const bool stays = std::any_of(
        rest.begin(), rest.end(), [&](const Operation& o) { return overlap({maximum}, touched(o).written); });
    if (stays) return;
    ++readers_[all];
    before = std::move(rest);
    condition = {std::move(outer)};
  }

  // Moves what only the condition's body reads from the end of `before` to its start.
  void take_from(Operations& before, Repeat& condition) {
    Readers inside;
    count(condition.body, inside, 1);
    Touched between;  // operations that stay where they are
    between.read.push_back(condition.while_positive);
    for (std::size_t i = before.size(); i-- > 0;) {
      const Touched own = touched(before[i]);
      const auto only_inside = [&](const Tensor* t) {
        const int itself = overlap({t}, own.read) ? 1 : 0;  // a sum reads what it adds to
        return t->role == Role::temporary && readers_[t] == inside[t] + itself;
      };
      const bool moves = body_of(before[i]) == nullptr && !own.written.empty() &&
                         std::all_of(own.written.begin(), own.written.end(), only_inside) &&
                         !overlap(own.read, between.written) && !overlap(own.written, between.written) &&
                         !overlap(own.written, between.read);
      if (!moves) {
        between.read.insert(between.read.end(), own.read.begin(), own.read.end());
        between.written.insert(between.written.end(), own.written.begin(), own.written.end());
        continue;
      }
      for (const Tensor* t : own.read) ++inside[t];
      condition.body.insert(condition.body.begin(), std::move(before[i]));
      before.erase(before.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }

  const plan::Specialisation& sizes_;
  Readers readers_;
};

}  // namespace

Operations sink_into_conditions(const Operations& operations, const plan::Specialisation& sizes) {
  return Sinking(operations, sizes).run(operations);
}

}  // namespace freefall::loop

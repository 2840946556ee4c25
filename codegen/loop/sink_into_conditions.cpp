#include "codegen/loop/sink_into_conditions.hpp"

#include <algorithm>
#include <map>

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
  explicit Sinking(const Operations& kernel) { count(kernel, readers_, 1); }

  Operations run(const Operations& operations) {
    Operations out;
    for (Operation o : operations) {
      if (Operations* body = body_of(o)) *body = run(*body);
      auto* repeat = std::get_if<Repeat>(&o.action);
      if (repeat != nullptr && repeat->count == 1 && repeat->while_positive != nullptr && !repeat->tolerance)
        take_from(out, *repeat);
      out.push_back(std::move(o));
    }
    return out;
  }

 private:
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

  Readers readers_;
};

}  // namespace

Operations sink_into_conditions(const Operations& operations) { return Sinking(operations).run(operations); }

}  // namespace freefall::loop

#include "codegen/calculus/schedule.hpp"

#include <algorithm>

namespace freefall::calculus {
namespace {

void append_new(std::vector<const ir::Tensor*>& into, const std::vector<const ir::Tensor*>& from) {
  for (const ir::Tensor* t : from) {
    if (std::find(into.begin(), into.end(), t) == into.end()) into.push_back(t);
  }
}

}  // namespace

std::vector<const ir::Tensor*> assigned(const Steps& steps) {
  std::vector<const ir::Tensor*> out;
  for (const Step& step : steps) {
    if (const auto* loop = std::get_if<Loop>(&step.action)) {
      append_new(out, assigned(loop->body));
    } else {
      for (const Assignment& a : std::get<Assign>(step.action).simultaneous) append_new(out, {a.target});
    }
  }
  return out;
}

std::vector<const ir::Tensor*> read(const Steps& steps) {
  std::vector<const ir::Tensor*> out;
  for (const Step& step : steps) {
    if (const auto* loop = std::get_if<Loop>(&step.action)) {
      if (loop->while_positive != nullptr) append_new(out, {loop->while_positive});
      append_new(out, read(loop->body));
    } else {
      for (const Assignment& a : std::get<Assign>(step.action).simultaneous)
        append_new(out, tensors_of(a.value));
    }
  }
  return out;
}

}  // namespace freefall::calculus

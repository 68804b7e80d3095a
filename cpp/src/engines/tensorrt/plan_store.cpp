#include "engines/tensorrt/plan_store.h"

#include <algorithm>
#include <utility>

namespace instseg::tensorrt {

PlanStore::PlanStore(PlanSource source, std::size_t most_plans)
    : source_(std::move(source)), most_plans_(most_plans) {}

PlanStore::~PlanStore() {
  within(*source_.device, [&] { rows_.clear(); });
}

std::shared_ptr<const LoadedPlan> PlanStore::find(const std::vector<Shape>& inputs) {
  const std::lock_guard lock(mutex_);
  const auto row = std::find_if(rows_.begin(), rows_.end(),
                                [&](const Row& each) { return each.inputs == inputs; });
  if (row == rows_.end()) return nullptr;
  rows_.splice(rows_.begin(), rows_, row);
  return row->plan;
}

std::shared_ptr<const LoadedPlan> PlanStore::plan(const std::vector<Shape>& inputs) {
  if (auto found = find(inputs)) return found;
  const std::lock_guard alone(building_);
  if (auto found = find(inputs)) return found;
  auto made = std::make_shared<const LoadedPlan>(obtain_plan(source_, inputs));
  const std::lock_guard lock(mutex_);
  rows_.push_front({inputs, made});
  if (rows_.size() > most_plans_) rows_.pop_back();
  return made;
}

LayerTypes PlanStore::layer_types() const {
  const std::lock_guard lock(mutex_);
  LayerTypes all;
  for (const Row& row : rows_) {
    for (const auto& [type, count] : row.plan->layers) all[type] += count;
  }
  return all;
}

}  // namespace instseg::tensorrt

#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "engines/tensorrt/plan_building.h"

namespace instseg::tensorrt {

// The plans of a network, one for each set of input shapes, made when first asked for. Holds the
// last used; others are loaded again out of the cache on disk. Threads may share it.
class PlanStore {
 public:
  // most_plans: held at a time, at least 1.
  PlanStore(PlanSource source, std::size_t most_plans);
  ~PlanStore();

  // Builds one plan at a time: others that need one wait, those whose plan is there do not.
  // Throws as obtain_plan(). The GPU is current on this thread.
  std::shared_ptr<const LoadedPlan> plan(const std::vector<Shape>& inputs);

  // Of all plans that are held.
  LayerTypes layer_types() const;

  const PlanSource& source() const { return source_; }
  std::size_t most_plans() const { return most_plans_; }

 private:
  struct Row {
    std::vector<Shape> inputs;
    std::shared_ptr<const LoadedPlan> plan;
  };

  std::shared_ptr<const LoadedPlan> find(const std::vector<Shape>& inputs);

  const PlanSource source_;
  const std::size_t most_plans_;
  std::mutex building_;
  mutable std::mutex mutex_;  // of rows_
  std::list<Row> rows_;       // the last used first
};

}  // namespace instseg::tensorrt

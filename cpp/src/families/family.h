#pragma once

#include <memory>
#include <optional>
#include <span>

#include "engines/engine.h"
#include "instseg/result.h"
#include "network_folder/network_folder.h"
#include "runtime/thread_pool.h"

namespace instseg {

// Which instances a call wants; PredictOptions with the model's defaults filled in, checked.
struct Selection {
  float threshold = 0.5f;                         // score > threshold; SOLOv2: >= threshold
  int max_detections = 0;                         // 0 = no limit
  std::optional<std::span<const int>> class_ids;  // none = every class
  bool clip_masks = true;
};

// Scratch memory of one call at a time; grows to the largest image seen.
class FamilyWorkspace {
 public:
  virtual ~FamilyWorkspace() = default;
};

// How one kind of model goes from the outputs of its networks to instances. Immutable; one object
// serves every call of a Predictor.
class Family {
 public:
  virtual ~Family() = default;

  virtual std::unique_ptr<FamilyWorkspace> make_workspace() const = 0;

  // Called once for each session of the first network, before anything else: says which outputs
  // stay on a GPU (engines/device_stages.h), where the family draws on it.
  virtual void prepare(Session& /*main*/) const {}

  // Writes what the first network takes besides the image, before it runs; most take nothing.
  virtual void write_further_inputs(Session& /*main*/, int /*image_height*/,
                                    int /*image_width*/) const {}

  // sessions: one per network of the folder, in its order; the first has run on the image. Fills
  // everything of the result but its timings; a family that runs further sessions adds their time
  // to timings.network_ms. Throws EngineError where outputs have other shapes than instseg.json
  // says or hold values that are not finite.
  virtual Result detect(std::span<const std::unique_ptr<Session>> sessions, int image_height,
                        int image_width, const Selection& selection, const ThreadPool& pool,
                        FamilyWorkspace& workspace) const = 0;
};

// The family that instseg.json names. Throws ModelError for an unknown one, or where the folder
// lacks a network, tensor or number that the family needs.
std::unique_ptr<const Family> make_family(const NetworkFolder& folder);

}  // namespace instseg

#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engines/tensorrt/adapter_api.h"
#include "engines/tensorrt/device.h"
#include "engines/tensorrt/kernels.h"
#include "engines/tensorrt/layer_types.h"
#include "engines/tensorrt/precision_files.h"
#include "network_folder/network_folder.h"

namespace instseg::tensorrt {

// What the plans of one network are made from and for, and what their sessions work with.
struct PlanSource {
  std::shared_ptr<Adapter> adapter;
  std::shared_ptr<const Device> device;
  std::shared_ptr<const Kernels> kernels;  // null = stages around the network run on the CPU
  NetworkSpec network;
  Precision precision = Precision::kFp32;
  PrecisionFiles files;
  std::filesystem::path cache_dir;  // empty = none
  std::function<void(const std::string& line)>
      progress;  // may be empty; what it throws ends a build
};

struct LoadedPlan {
  std::unique_ptr<Plan> plan;
  LayerTypes layers;
};

// Everything that a plan depends on: this adapter, TensorRT's version, the GPU, the precision, the
// shapes, and the network's files by what instseg.json says of them, their size and time of change.
std::string plan_key(const PlanSource& source, const std::vector<Shape>& inputs);

// The plan for inputs of these shapes (order of NetworkSpec::inputs), out of the cache, or built
// and put there, with the GPU current on this thread. Timings of kernels are kept beside the plans,
// for the next build on this GPU. A plan from the cache that TensorRT refuses is built anew. Throws
// EngineError with TensorRT's text where it fails, and where fp16 was asked for and no layer
// computes in it; ModelError where the plan is not the network that instseg.json describes.
LoadedPlan obtain_plan(const PlanSource& source, const std::vector<Shape>& inputs);

// "[1,3,640,640]"
std::string described(const Shape& shape);

}  // namespace instseg::tensorrt

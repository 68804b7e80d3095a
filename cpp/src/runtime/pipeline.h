#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engines/engine.h"
#include "families/family.h"
#include "instseg/predictor.h"
#include "network_folder/network_folder.h"
#include "preprocess/preprocess.h"
#include "runtime/fair_pool.h"
#include "runtime/thread_pool.h"

namespace instseg {

// preprocess ► engine ► family, for one network folder on one engine: what Predictor is made of.
// Its const members are safe to call from many threads at once.
class Pipeline {
 public:
  // The options are checked and completed (num_threads is not 0 afterwards) before anything is
  // loaded. Throws as Predictor::load.
  Pipeline(NetworkFolder folder, const Engine& engine, const PredictorOptions& options);

  Result predict(const ImageView& image, const PredictOptions& options) const;
  Result predict(const DeviceImage& image, const PredictOptions& options) const;
  std::vector<Result> predict_batch(std::span<const ImageView> images,
                                    const PredictOptions& options) const;
  void warm_up() const;
  const PredictorInfo& info() const { return info_; }
  std::vector<std::map<std::string, std::int64_t>> layer_types() const;

 private:
  // Everything that one call needs for itself.
  struct Call {
    std::vector<std::unique_ptr<Session>> sessions;  // one per network
    PreprocessWorkspace preprocess;
    std::unique_ptr<FamilyWorkspace> family;
  };

  void check_image_size(const ImageView& image) const;
  Selection selection(const PredictOptions& options) const;
  // The image into the first network's input, on the GPU where the session has one.
  void put_image(Call& call, const ImageView& image) const;
  void put_image(Call& call, const DeviceImage& image) const;
  template <typename Image>
  Result run(Call& call, const Image& image, const Selection& selection) const;

  NetworkFolder folder_;
  std::int64_t max_image_pixels_;
  std::unique_ptr<const Family> family_;
  std::vector<std::unique_ptr<Network>> networks_;
  ThreadPool threads_;  // of pre- and post-processing
  std::unique_ptr<FairPool<Call>> calls_;
  std::unique_ptr<ThreadPool> batch_threads_;  // one per call of calls_
  mutable std::mutex warming_up_;
  PredictorInfo info_;
};

}  // namespace instseg

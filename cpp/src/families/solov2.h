#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "families/family.h"
#include "postprocess/dynamic_convolution.h"
#include "postprocess/matrix_nms.h"
#include "preprocess/preprocess.h"

namespace instseg {

// One level of a SOLOv2 network: a grid of cells; borrowed float32, C order.
struct Solov2Level {
  int height = 0;
  int width = 0;
  const float* scores = nullptr;   // [height, width, K], after points NMS
  const float* weights = nullptr;  // [D, height, width], of each cell's 1 x 1 convolution
};

// What a SOLOv2 network says about one image.
struct Solov2Outputs {
  int num_classes = 0;  // K
  std::span<const Solov2Level> levels;
  MaskFeatures mask_features;  // D channels, of the whole padded input
};

struct Solov2Spec {
  float candidate_threshold = 0.1f;  // score > this
  std::vector<int> level_strides;    // foreground pixels > this
  int pre_nms_top_k = 500;
  MatrixNmsSpec nms;
  float decayed_threshold = 0.05f;  // decayed score >= this
  int top_k = 100;
  int mask_upsampling = 4;
  bool width_by_height_factor = true;  // see detect_solov2()
  float mask_threshold = 0.5f;         // probability
};

// Scratch memory of detect_solov2().
std::unique_ptr<FamilyWorkspace> make_solov2_workspace();

// From outputs to instances, as PaddleDetection's graph and PaddleX's post-processing do together:
//   candidates  every cell and class with score > candidate_threshold
//   masks       dynamic convolution at the size of the features; dropped unless its foreground
//               (probability > mask_threshold) has more pixels than the level's stride
//   score       the cell's score * the mean probability of the mask's foreground
//   NMS         the pre_nms_top_k best, matrix NMS; dropped where score * decay < decayed_threshold
//   kept        score * decay >= selection.threshold (here, as in PaddleX, equality counts), class
//               wanted, among the top_k best
//   mask        probabilities enlarged mask_upsampling times, cut to the resized image without its
//               padding (network_size), resized to the image, > mask_threshold.
//               width_by_height_factor: the width is resized by the factor of the height, as the
//               official program does, where that comes out within 1 % of the image's width: some
//               pixels more (cut) or less (background). Beyond (images of few rows or columns) the
//               program's masks would show other places; there each side has its own factor.
//   box         the smallest around the mask: the network gives none. Empty masks are dropped.
// The two rows that the graph appends so that it never works on nothing are not made here.
// Equal scores are ranked by level, row, column and class. Masks of the network's input size are
// shared among the threads; the result does not depend on their number. Allocates only the result
// once the workspace has grown. Throws EngineError, naming `model` and the tensor, where a value is
// NaN or infinite.
// `workspace` comes from make_solov2_workspace().
Result detect_solov2(const Solov2Outputs& outputs, const Solov2Spec& spec,
                     const NetworkSize& network_size, int image_height, int image_width,
                     const Selection& selection, const std::string& model, const ThreadPool& pool,
                     FamilyWorkspace& workspace);

std::unique_ptr<const Family> make_solov2(const NetworkFolder& folder);

}  // namespace instseg

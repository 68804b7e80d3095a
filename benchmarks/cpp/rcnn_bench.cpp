// What Mask R-CNN does between its networks, at the sizes of an image of 800 x 1333 pixels: five
// levels of anchors, 1000 boxes pooled from four maps of 256 channels, and masks of 28 x 28 pasted
// into 1080p.

#include <cmath>
#include <string>
#include <vector>

#include "bench.h"
#include "families/rcnn_detections.h"
#include "families/roi_pooling.h"
#include "postprocess/mask_paste.h"
#include "postprocess/proposals.h"

namespace {

using namespace instseg;

constexpr int kHeight = 800;
constexpr int kWidth = 1344;
constexpr int kChannels = 256;
constexpr int kBoxes = 1000;
constexpr int kClasses = 80;

float uniform(std::uint32_t& state) {
  state = state * 1664525 + 1013904223;
  return static_cast<float>(state >> 8) / 16777216.0f;
}

std::vector<float> noise(std::size_t count, float low, float high) {
  std::uint32_t state = 1;
  std::vector<float> values(count);
  for (float& value : values) value = low + (high - low) * uniform(state);
  return values;
}

// Sizes from 16 to 800 pixels, each octave as often as the others; as proposals mostly are.
std::vector<Box> random_boxes(int count) {
  std::uint32_t state = 5;
  std::vector<Box> boxes;
  for (int i = 0; i < count; ++i) {
    const float size = 16 * std::exp2(5.6f * uniform(state));
    const float ratio = std::exp2(uniform(state) - 0.5f);
    const float x = uniform(state) * kWidth;
    const float y = uniform(state) * kHeight;
    boxes.push_back({.x1 = std::max(x - size * ratio / 2, 0.0f),
                     .y1 = std::max(y - size / ratio / 2, 0.0f),
                     .x2 = std::min(x + size * ratio / 2, static_cast<float>(kWidth)),
                     .y2 = std::min(y + size / ratio / 2, static_cast<float>(kHeight))});
  }
  return boxes;
}

void bench_proposals(bench::Table& table) {
  ProposalSpec spec = {.pre_nms_top_n = 1000, .post_nms_top_n = 1000, .keep_top_n = 1000};
  spec.nms_threshold = 0.7f;
  std::vector<ProposalMap> maps;
  std::vector<std::vector<float>> memory;
  for (int stride = 4; stride <= 64; stride *= 2) {
    const auto size = static_cast<float>(8 * stride);
    AnchorGrid grid{.stride_x = static_cast<float>(stride), .stride_y = static_cast<float>(stride)};
    for (const float ratio : {0.5f, 1.0f, 2.0f}) {
      const float w = size / std::sqrt(ratio) / 2;
      const float h = size * std::sqrt(ratio) / 2;
      grid.anchors.push_back({-w, -h, w, h});
    }
    spec.levels.push_back(grid);
    const int height = (kHeight + stride - 1) / stride;
    const int width = (kWidth + stride - 1) / stride;
    const auto cells = static_cast<std::size_t>(height) * static_cast<std::size_t>(width);
    memory.push_back(noise(3 * cells, -6, 2));
    memory.push_back(noise(12 * cells, -0.5f, 0.5f));
    maps.push_back({.height = height,
                    .width = width,
                    .logits = memory[memory.size() - 2].data(),
                    .deltas = memory.back().data()});
  }
  ProposalWorkspace workspace;
  const ThreadPool pool(1);
  table.row("proposals of 5 levels, 800 x 1344", kBoxes,
            [&] { bench::keep(propose_boxes(maps, spec, kHeight, kWidth, pool, workspace)); });
}

void bench_pooling(bench::Table& table) {
  const LevelSpec levels = {
      .min_level = 2, .max_level = 5, .refer_level = 4, .refer_scale = 224, .pixel_offset = false};
  std::vector<std::vector<float>> memory;
  std::vector<FeatureMap> maps;
  for (const int stride : {4, 8, 16, 32}) {
    const int height = kHeight / stride;
    const int width = kWidth / stride;
    memory.push_back(noise(static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
                               static_cast<std::size_t>(kChannels),
                           -1, 1));
    maps.push_back({memory.back().data(), height, width, kChannels});
  }
  const auto pooling = [](int side) {
    return PoolingSpec{.height = side,
                       .width = side,
                       .sampling_ratio = 0,
                       .spatial_scales = {0.25f, 0.125f, 0.0625f, 0.03125f}};
  };
  RoiPoolingWorkspace workspace;
  const ThreadPool pool(1);
  const std::vector<Box> boxes = random_boxes(kBoxes);
  std::vector<float> out(kBoxes * 7 * 7 * kChannels);
  table.row("RoIAlign 7 x 7 x 256 of 1000 boxes, 4 levels", kBoxes, [&] {
    pool_rois(maps, boxes, levels, pooling(7), out, pool, workspace);
    bench::keep(out);
  });
  const std::vector<Box> few = random_boxes(20);
  std::vector<float> masks(20 * 14 * 14 * kChannels);
  table.row("RoIAlign 14 x 14 x 256 of 20 boxes, 4 levels", 20, [&] {
    pool_rois(maps, few, levels, pooling(14), masks, pool, workspace);
    bench::keep(masks);
  });
}

void bench_detections(bench::Table& table) {
  const std::vector<Box> boxes = random_boxes(kBoxes);
  const std::vector<float> deltas = noise(std::size_t{kBoxes} * kClasses * 4, -1, 1);
  // Three classes in a hundred above 0.05.
  std::vector<float> scores = noise(std::size_t{kBoxes} * (kClasses + 1), 0, 1);
  for (float& score : scores) score = score > 0.97f ? score : 0.01f * score;
  const RcnnScores input = {.num_classes = kClasses,
                            .boxes = boxes,
                            .scores = scores.data(),
                            .deltas = deltas.data(),
                            .deltas_per_class = true};
  const BoxStageSpec stage = {.delta_factors = {0.1f, 0.1f, 0.2f, 0.2f}, .max_log_size = 4.1f};
  const ClassNmsOptions nms = {.score_threshold = 0.05f, .nms_threshold = 0.5f, .keep_top_k = 100};
  RcnnDetectionWorkspace workspace;
  table.row("decode and NMS of 1000 boxes x 80 classes", kBoxes, [&] {
    bench::keep(detect_boxes(input, stage, nms, 0.05f, kHeight, kWidth, workspace));
  });
}

void bench_paste(bench::Table& table) {
  const std::vector<float> probabilities = noise(28 * 28, 0.3f, 0.9f);
  MaskPasteWorkspace workspace;
  for (const int side : {40, 300, 1000}) {
    const std::string name = "20 masks of 28 x 28 into " + std::to_string(side) + " pixels, 1080p";
    table.row(name, 20.0 * side * side, [&] {
      for (int i = 0; i < 20; ++i) {
        const auto x = static_cast<float>(i * 40) + 0.3f;
        const Box box{x, 20.6f, x + static_cast<float>(side), 20.6f + static_cast<float>(side)};
        const Region region{i * 40, 21, side, side};
        bench::keep(paste_mask(probabilities, 28, box, 1080, 1920, region, 0.5f, workspace));
      }
    });
  }
}

}  // namespace

int main(int argc, char** argv) {
  bench::Table table(argc, argv);
  bench_proposals(table);
  bench_pooling(table);
  bench_detections(table);
  bench_paste(table);
}

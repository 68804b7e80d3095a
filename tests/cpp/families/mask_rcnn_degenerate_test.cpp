// Mask R-CNN on points, strips, ties and boxes that are nowhere; on any threads, in any order.
#include <cmath>
#include <string>
#include <vector>

#include "fake_rcnn.h"
#include "families/mask_rcnn.h"
#include "preprocess/preprocess.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Case;
using testing::FakeSession;
using testing::filled;
using testing::kChannels;
using testing::kClasses;
using testing::kMaskSide;
using testing::Random;
using testing::Tensor;

// Random feature maps and logits for an image of this size; the networks on regions answer with
// what they read: so every number of the result depends on the image.
struct Scene {
  int height;
  int width;
  std::vector<Tensor> main;
};

Scene random_scene(Random& random, const NetworkFolder& folder, int height, int width) {
  const NetworkSize size = network_size(folder.preprocess, height, width);
  Scene scene{height, width, {}};
  for (const std::int64_t stride : {4, 8}) {
    const std::int64_t rows = size.padded_height / stride;
    const std::int64_t columns = size.padded_width / stride;
    for (const std::int64_t channels :
         {std::int64_t{kChannels}, std::int64_t{1}, std::int64_t{4}}) {
      Tensor map = channels == kChannels ? filled({1, rows, columns, channels}, 0)
                                         : filled({1, channels, rows, columns}, 0);
      for (float& value : map.values) value = random.real(-1, 1);
      scene.main.push_back(std::move(map));
    }
  }
  return scene;
}

Case random_case(int num_stages) {
  Case one(num_stages);
  one.folder.postprocess.rcnn->proposals.pre_nms_top_n = 60;
  one.family = make_mask_rcnn(one.folder);
  const auto spread = [](const Tensor& input, std::vector<std::int64_t> shape, float factor) {
    Tensor out = filled(std::move(shape), 0);
    const auto rows = static_cast<std::size_t>(input.shape[0]);
    if (rows == 0) return out;
    const std::size_t read = input.values.size() / rows;
    const std::size_t written = out.values.size() / rows;
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t k = 0; k < written; ++k) {
        out.values[r * written + k] =
            factor * input.values[r * read + k % read] * static_cast<float>(1 + k % 3);
      }
    }
    return out;
  };
  for (FakeSession::Compute& box : one.boxes) {
    box = [spread, num_stages](const Tensor& input) {
      Tensor scores = spread(input, {input.shape[0], kClasses + 1}, 0.4f);
      for (float& score : scores.values) score = std::abs(score);
      const std::int64_t columns = num_stages == 1 ? 4 * kClasses : 4;
      return std::vector<Tensor>{std::move(scores), spread(input, {input.shape[0], columns}, 0.3f)};
    };
  }
  one.mask = [spread](const Tensor& input) {
    return std::vector<Tensor>{spread(input, {input.shape[0], kClasses, kMaskSide, kMaskSide}, 5)};
  };
  return one;
}

// Points, strips, and images that leave a workspace larger or smaller than the next one needs.
constexpr int kSizes[][2] = {{40, 60}, {1, 1}, {200, 90}, {1, 4000}, {4000, 1}, {33, 57}};

TEST(MaskRcnn, DependsNeitherOnThreadsNorOnTheImagesBefore) {
  for (const int num_stages : {1, 3}) {
    Case one = random_case(num_stages);
    Random random(21);
    std::vector<Scene> scenes;
    for (const auto& [height, width] : kSizes) {
      scenes.push_back(random_scene(random, one.folder, height, width));
    }
    const Selection selection{.threshold = 0.1f};
    const std::unique_ptr<FamilyWorkspace> used = one.family->make_workspace();
    std::size_t instances = 0;
    for (int round = 0; round < 2; ++round) {
      for (const Scene& scene : scenes) {
        one.main = scene.main;
        const Result alone =
            one.detect_in(scene.height, scene.width, *one.family->make_workspace(), selection);
        instances += alone.size();
        for (const int threads : {1, 2, 7}) {
          const Result other = one.detect_in(scene.height, scene.width, *used, selection, threads);
          EXPECT_TRUE(other.boxes == alone.boxes && other.scores == alone.scores &&
                      other.class_ids == alone.class_ids && other.masks == alone.masks);
        }
      }
    }
    EXPECT_TRUE(instances > 100);
  }
}

TEST(MaskRcnn, TakesPointsAndStrips) {
  Case one = random_case(1);
  Random random(22);
  for (const auto& [height, width] : kSizes) {
    const Scene scene = random_scene(random, one.folder, height, width);
    one.main = scene.main;
    for (const bool clip_masks : {true, false}) {
      const Result result = one.detect_in(height, width, *one.family->make_workspace(),
                                          {.threshold = 0.1f, .clip_masks = clip_masks});
      ASSERT_EQ(result.masks.size(), result.boxes.size());
      for (std::size_t i = 0; i < result.size(); ++i) {
        const Box& box = result.boxes[i];
        EXPECT_TRUE(0 <= box.x1 && box.x1 < box.x2 && box.x2 <= static_cast<float>(width));
        EXPECT_TRUE(0 <= box.y1 && box.y1 < box.y2 && box.y2 <= static_cast<float>(height));
        EXPECT_EQ(result.masks[i].image_height(), height);
        EXPECT_EQ(result.masks[i].image_width(), width);
      }
    }
  }
}

TEST(MaskRcnn, OfBoxesInOnePlaceKeepsOnePerClass) {
  Case one(/*num_stages=*/3);
  for (std::size_t stage = 0; stage < 3; ++stage) {
    one.boxes[stage] = [stage](const Tensor& input) {
      Tensor deltas = filled({input.shape[0], 4}, 0);
      // The second stage shifts all boxes far to the upper left: each is clipped to a point; the
      // last one cannot give a point any size.
      for (float& delta : deltas.values) delta = stage == 1 ? -50.0f : 0.0f;
      return std::vector<Tensor>{filled({input.shape[0], kClasses + 1}, 0.9f), deltas};
    };
  }
  EXPECT_EQ(one.detect().size(), 0u);
  Case other;  // the same box twice: the first map's proposal, in both maps
  other.main[4] = filled(other.main[4].shape, -1);
  other.main[4].values[4 * 16 + 5] = 3;
  other.folder.postprocess.rcnn->proposals.levels[1].anchors = {{-20, -20, 20, 20}};
  other.family = make_mask_rcnn(other.folder);
  other.boxes[0] = [](const Tensor& input) {
    return std::vector<Tensor>{filled({input.shape[0], kClasses + 1}, 0.9f),
                               filled({input.shape[0], 4 * kClasses}, 0)};
  };
  const Result result = other.detect();
  EXPECT_TRUE(result.class_ids == (std::vector<std::int32_t>{0, 1, 2}));
  EXPECT_TRUE(result.boxes[0] == result.boxes[1] && result.boxes[0] == result.boxes[2]);
}

TEST(MaskRcnn, PutsEqualScoresInTheOrderOfClassesThenProposals) {
  Case one;
  one.boxes[0] = [](const Tensor& input) {
    return std::vector<Tensor>{filled({input.shape[0], kClasses + 1}, 0.5f),
                               filled({input.shape[0], 4 * kClasses}, 0)};
  };
  const Result result = one.detect();
  EXPECT_TRUE(result.class_ids == (std::vector<std::int32_t>{0, 0, 1, 1, 2, 2}));
  ASSERT_EQ(result.size(), 6u);
  for (const std::size_t i : {0u, 2u, 4u}) {
    EXPECT_TRUE((result.boxes[i] == Box{10, 6, 30, 26}));
    EXPECT_TRUE((result.boxes[i + 1] == Box{20, 0, 60, 40}));
  }
}

TEST(MaskRcnn, DropsBoxesOutsideTheImage) {
  Case one;
  one.boxes[0] = [](const Tensor& input) {
    const std::int64_t count = input.shape[0];
    Tensor deltas = filled({count, 4 * kClasses}, 0);
    for (std::size_t row = 0; row < static_cast<std::size_t>(count); ++row) {
      float* const of_row = deltas.values.data() + 4 * kClasses * row;
      of_row[0] = -1e6f;      // class 0: left of the image
      of_row[4 + 1] = 1e6f;   // class 1: below it
      of_row[8 + 2] = 1e30f;  // class 2: wider than anything, which is clipped
    }
    return std::vector<Tensor>{filled({count, kClasses + 1}, 0.9f), deltas};
  };
  const Result result = one.detect();
  EXPECT_TRUE(result.class_ids == (std::vector<std::int32_t>{2, 2}));
  for (const Box& box : result.boxes) EXPECT_TRUE(box.x1 == 0 && box.x2 == 60);
}

}  // namespace
}  // namespace instseg

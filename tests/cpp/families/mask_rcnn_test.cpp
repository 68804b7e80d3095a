#include "families/mask_rcnn.h"

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "fake_rcnn.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Case;
using testing::FakeSession;
using testing::filled;
using testing::folder_of;
using testing::kChannels;
using testing::kClasses;
using testing::kMaskSide;
using testing::Tensor;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(MaskRcnn, GoesFromFeatureMapsToInstances) {
  Case one;
  const Result result = one.detect();
  ASSERT_EQ(result.size(), 2u);
  EXPECT_EQ(result.scores[0], 0.9f);
  EXPECT_EQ(result.class_ids[0], 1);
  EXPECT_TRUE((result.boxes[0] == Box{10, 6, 30, 26}));  // 40 x 40 at (40, 32), halved
  EXPECT_EQ(result.scores[1], 0.6f);
  EXPECT_EQ(result.class_ids[1], 2);
  EXPECT_TRUE((result.boxes[1] == Box{20, 0, 60, 40}));  // 80 x 80 at (80, 40), halved
  ASSERT_EQ(result.masks.size(), 2u);
  EXPECT_EQ(result.masks[0].area(), 400);
  EXPECT_EQ(result.masks[0].image_height(), 40);
  EXPECT_EQ(one.mask_runs, 1);
}

TEST(MaskRcnn, PoolsOnlyKeptBoxesForMasks) {
  Case one;
  std::vector<std::int64_t> counts;
  one.mask = [&](const Tensor& input) {
    counts.push_back(input.shape[0]);
    return std::vector<Tensor>{filled({input.shape[0], kClasses, kMaskSide, kMaskSide}, 10.0f)};
  };
  const std::vector<int> second = {2};
  one.detect({.threshold = 0.7f});
  one.detect({.threshold = 0.3f, .max_detections = 1});
  one.detect({.threshold = 0.3f, .class_ids = second});
  EXPECT_TRUE((counts == std::vector<std::int64_t>{1, 1, 1}));
}

TEST(MaskRcnn, WithoutInstancesRunsNoMaskNetwork) {
  Case one;
  const Result result = one.detect({.threshold = 0.95f});
  EXPECT_EQ(result.size(), 0u);
  EXPECT_EQ(result.image_height, 40);
  EXPECT_EQ(result.image_width, 60);
  EXPECT_EQ(one.mask_runs, 0);
}

TEST(MaskRcnn, WithoutAnyProposalFindsNothing) {
  Case one;
  for (const std::size_t deltas : {2u, 5u}) {
    Tensor& tensor = one.main[deltas];
    std::fill(tensor.values.begin() + static_cast<std::ptrdiff_t>(tensor.values.size() / 2),
              tensor.values.end(), -90.0f);  // no width, no height
  }
  EXPECT_EQ(one.detect().size(), 0u);
}

TEST(MaskRcnn, AveragesAndMovesFromStageToStage) {
  Case one(/*num_stages=*/3);
  for (std::size_t stage = 0; stage < 3; ++stage) {
    one.boxes[stage] = [stage](const Tensor& input) {
      const std::int64_t count = input.shape[0];
      Tensor probabilities = filled({count, kClasses + 1}, 0);
      Tensor deltas = filled({count, 4}, 0);
      for (std::int64_t r = 0; r < count; ++r) {
        probabilities.values[static_cast<std::size_t>(r * (kClasses + 1))] =
            stage == 0 ? 0.9f : 0.6f;
        if (stage == 1) deltas.values[static_cast<std::size_t>(4 * r)] = 0.1f;  // to the right
      }
      return std::vector<Tensor>{probabilities, deltas};
    };
  }
  const Result result = one.detect();
  ASSERT_EQ(result.size(), 2u);
  EXPECT_NEAR(result.scores[0], 0.7f, 1e-6);
  // 40 wide: moved by 4; the other one is clipped in stage 1: 124 becomes 120.
  EXPECT_NEAR(result.boxes[0].x1, 12, 1e-5);
  EXPECT_NEAR(result.boxes[0].x2, 32, 1e-5);
  EXPECT_NEAR(result.boxes[1].x1, 24, 1e-5);
  EXPECT_NEAR(result.boxes[1].x2, 60, 1e-5);
}

TEST(MaskRcnn, GivesTheSameOnAllThreads) {
  Case one;
  const Result alone = one.detect();
  for (const int threads : {2, 5}) {
    const Result result = one.detect({.threshold = 0.3f}, threads);
    EXPECT_TRUE(result.boxes == alone.boxes);
    EXPECT_TRUE(result.scores == alone.scores);
    EXPECT_TRUE(result.masks == alone.masks);
  }
}

// A network that takes one box at a time gives what it gives for all at once.
TEST(MaskRcnn, RunsNetworksOnBlocksOfBoxes) {
  for (const int num_stages : {1, 3}) {
    std::vector<Result> results;
    std::vector<std::vector<std::int64_t>> counts;  // boxes of each run
    for (const int side : {2, 900}) {
      Case one(num_stages);
      one.folder.postprocess.rcnn->box_pooling.height = side;
      one.folder.postprocess.rcnn->box_pooling.width = side;
      one.folder.postprocess.rcnn->mask_pooling.height = side;
      one.folder.postprocess.rcnn->mask_pooling.width = side;
      for (std::size_t i = 1; i < one.folder.networks.size(); ++i) {
        one.folder.networks[i].inputs[0].shape = {-1, side, side, kChannels};
      }
      one.family = make_mask_rcnn(one.folder);
      std::fill(one.main[3].values.begin(), one.main[3].values.end(), 0.25f);
      std::vector<std::int64_t>& count = counts.emplace_back();
      // What the features say: 0.5 in the map of the first proposal, 0.25 in the other's.
      const auto value_of = [](const Tensor& input, std::int64_t r) {
        const auto rows = static_cast<std::size_t>(input.shape[0]);
        return input.values[static_cast<std::size_t>(r) * (input.values.size() / rows)];
      };
      for (FakeSession::Compute& box : one.boxes) {
        box = [&](const Tensor& input) {
          count.push_back(input.shape[0]);
          Tensor scores = filled({input.shape[0], kClasses + 1}, 0.01f);
          Tensor deltas = filled({input.shape[0], num_stages == 1 ? 4 * kClasses : 4}, 0);
          for (std::int64_t r = 0; r < input.shape[0]; ++r) {
            const float value = value_of(input, r);
            const int class_id = value > 0.4f ? 1 : 2;
            scores.values[static_cast<std::size_t>(r * (kClasses + 1) + class_id)] = value + 0.2f;
            const auto columns = static_cast<std::size_t>(deltas.shape[1]);
            for (std::size_t k = 0; k < columns; k += 4) {
              deltas.values[static_cast<std::size_t>(r) * columns + k] = value / 8;
            }
          }
          return std::vector<Tensor>{scores, deltas};
        };
      }
      one.mask = [&](const Tensor& input) {
        count.push_back(input.shape[0]);
        Tensor logits = filled({input.shape[0], kClasses, kMaskSide, kMaskSide}, -1);
        const std::size_t size = logits.values.size() / static_cast<std::size_t>(input.shape[0]);
        for (std::int64_t r = 0; r < input.shape[0]; ++r) {
          const float part = value_of(input, r) * static_cast<float>(size);
          std::fill_n(logits.values.begin() +
                          static_cast<std::ptrdiff_t>(r) * static_cast<std::ptrdiff_t>(size),
                      static_cast<std::size_t>(std::lround(part)), 4.0f);
        }
        return std::vector<Tensor>{logits};
      };
      results.push_back(one.detect());
    }
    const auto stages = static_cast<std::size_t>(num_stages);
    EXPECT_TRUE(counts[0] == std::vector<std::int64_t>(stages + 1, 2));
    EXPECT_TRUE(counts[1] == std::vector<std::int64_t>(2 * (stages + 1), 1));
    ASSERT_EQ(results[0].size(), 2u);
    EXPECT_TRUE(results[0].class_ids == (std::vector<std::int32_t>{1, 2}));
    EXPECT_TRUE(results[1].boxes == results[0].boxes);
    EXPECT_TRUE(results[1].scores == results[0].scores);
    EXPECT_TRUE(results[1].class_ids == results[0].class_ids);
    EXPECT_TRUE(results[1].masks == results[0].masks);
    EXPECT_TRUE(!(results[0].masks[0] == results[0].masks[1]));
  }
}

TEST(MaskRcnn, ClipsMasksToBoxesUnlessAskedNotTo) {
  Case one;
  // Certain pixels at the mask's border: only pixels whose centres lie in the box stay above 1/2.
  const Result clipped = one.detect({.threshold = 0.7f, .clip_masks = true});
  const Result open = one.detect({.threshold = 0.7f, .clip_masks = false});
  EXPECT_TRUE((clipped.masks[0].region() == Region{10, 6, 20, 20}));
  EXPECT_TRUE(open.masks[0].region().width > 20);
  EXPECT_EQ(open.masks[0].area(), clipped.masks[0].area());
}

TEST(MaskRcnn, DropsBoxesWithoutArea) {
  Case one;
  one.boxes[0] = [](const Tensor& input) {
    const std::int64_t count = input.shape[0];
    Tensor deltas = filled({count, 4 * kClasses}, 0);
    for (std::size_t c = 0; c < kClasses; ++c) deltas.values[4 * c] = 100;  // out of the image
    return std::vector<Tensor>{filled({count, kClasses + 1}, 0.9f), deltas};
  };
  const Result result = one.detect();
  EXPECT_EQ(result.size(), 3u);  // three classes of the second proposal
  EXPECT_EQ(result.masks.size(), 3u);
}

TEST(MaskRcnn, NamesTheOutputThatIsNoNumber) {
  const char* names[] = {"", "rpn_logits_0", "rpn_deltas_0", "", "rpn_logits_1", "rpn_deltas_1"};
  for (std::size_t i = 0; i < 6; ++i) {
    if (*names[i] == '\0') continue;
    Case one;
    one.main[i].values[7] = std::numeric_limits<float>::infinity();
    EXPECT_THROWS(EngineError, std::string("'") + names[i] + "'", one.detect());
  }
  for (const std::size_t output : {0u, 1u}) {
    Case one;
    one.boxes[0] = [box = one.boxes[0], output](const Tensor& input) {
      std::vector<Tensor> outputs = box(input);
      outputs[output].values[2] = kNan;
      return outputs;
    };
    EXPECT_THROWS(EngineError, output == 0 ? "'class_probabilities'" : "'box_deltas'",
                  one.detect());
  }
  Case one;
  one.mask = [](const Tensor& input) {
    return std::vector<Tensor>{filled({input.shape[0], kClasses, kMaskSide, kMaskSide}, kNan)};
  };
  EXPECT_THROWS(EngineError, "'mask_logits'", one.detect());
}

TEST(MaskRcnn, RefusesOutputsOfOtherShapes) {
  Case one;
  one.boxes[0] = [](const Tensor& input) {
    return std::vector<Tensor>{filled({input.shape[0] + 1, kClasses + 1}, 0),
                               filled({input.shape[0], 4 * kClasses}, 0)};
  };
  EXPECT_THROWS(EngineError, "'class_probabilities' the shape [3, 4], expected [2, 4]",
                one.detect());
}

TEST(MaskRcnn, RefusesFoldersThatLackSomething) {
  const auto refused = [](const char* part, const std::function<void(NetworkFolder&)>& change) {
    NetworkFolder folder = folder_of(1);
    change(folder);
    EXPECT_THROWS(ModelError, part, make_mask_rcnn(folder));
  };
  refused("'rcnn' is missing", [](NetworkFolder& folder) { folder.postprocess.rcnn.reset(); });
  refused("'nms' is missing", [](NetworkFolder& folder) { folder.postprocess.nms.reset(); });
  refused("expected \"mask\" among them",
          [](NetworkFolder& folder) { folder.networks.pop_back(); });
  refused("expected \"box\" among them",
          [](NetworkFolder& folder) { folder.networks[1].role = "boxes"; });
  refused("the network \"main\" is not the first",
          [](NetworkFolder& folder) { std::swap(folder.networks[0], folder.networks[1]); });
  refused("expected \"features_1\" once among them",
          [](NetworkFolder& folder) { folder.networks[0].outputs[3].meaning = "features_2"; });
  refused("expected as many in all",
          [](NetworkFolder& folder) { folder.networks[0].outputs[3].shape[3] = 7; });
  refused("the input \"roi_features\"",
          [](NetworkFolder& folder) { folder.networks[1].inputs[0].shape[1] = 3; });
  refused("has 8 columns, expected 4 or 12",
          [](NetworkFolder& folder) { folder.networks[1].outputs[1].shape[1] = 8; });
  refused("the output \"class_probabilities\"",
          [](NetworkFolder& folder) { folder.class_names.emplace_back("d"); });
}

}  // namespace
}  // namespace instseg

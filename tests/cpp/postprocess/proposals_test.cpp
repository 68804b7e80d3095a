#include "postprocess/proposals.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "allocation_count.h"
#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

struct Level {
  int height;
  int width;
  std::vector<float> logits;  // [A, h, w]
  std::vector<float> deltas;  // [4 * A, h, w]
};

struct Input {
  std::vector<Level> levels;
  ProposalSpec spec;
  int image_height;
  int image_width;

  std::vector<ProposalMap> maps() const {
    std::vector<ProposalMap> maps;
    for (const Level& level : levels) {
      maps.push_back({.height = level.height,
                      .width = level.width,
                      .logits = level.logits.data(),
                      .deltas = level.deltas.data()});
    }
    return maps;
  }
};

Input random_input(Random& random, int height, int width) {
  Input input;
  input.image_height = height;
  input.image_width = width;
  input.spec.nms_threshold = 0.7f;
  for (const int stride : {8, 16, 32}) {
    Level level{.height = (height + stride - 1) / stride, .width = (width + stride - 1) / stride};
    const auto s = static_cast<float>(stride);
    input.spec.levels.push_back(
        {.anchors = {{-2 * s, -s, 2 * s, s}, {-s, -s, s, s}}, .stride_x = s, .stride_y = s});
    for (int i = 0; i < 2 * level.height * level.width; ++i) {
      level.logits.push_back(random.real(-4, 4));
      for (int k = 0; k < 4; ++k) level.deltas.push_back(random.real(-1.5f, 1.5f));
    }
    input.levels.push_back(level);
  }
  return input;
}

struct Proposal {
  Box box;
  float logit;
};

float slow_area(const Box& box, float side) {
  return box.x2 < box.x1 || box.y2 < box.y1 ? 0.0f
                                            : (box.x2 - box.x1 + side) * (box.y2 - box.y1 + side);
}

float slow_iou(const Box& a, const Box& b, float side) {
  if (a.x1 > b.x2 || a.x2 < b.x1 || a.y1 > b.y2 || a.y2 < b.y1) return 0;
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1) + side;
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1) + side;
  return width * height / (slow_area(a, side) + slow_area(b, side) - width * height);
}

// The first `most` of the proposals by falling logit; all for 0.
std::vector<Proposal> best(std::vector<Proposal> all, int most) {
  std::stable_sort(all.begin(), all.end(),
                   [](const Proposal& a, const Proposal& b) { return a.logit > b.logit; });
  if (most > 0 && all.size() > static_cast<std::size_t>(most)) {
    all.resize(static_cast<std::size_t>(most));
  }
  return all;
}

float clipped(float value, float limit) { return std::max(std::min(value, limit), 0.0f); }

Box slow_box(const Input& input, std::size_t l, std::size_t a, int y, int x) {
  const Level& level = input.levels[l];
  const AnchorGrid& grid = input.spec.levels[l];
  const float side = input.spec.pixel_offset ? 1.0f : 0.0f;
  const std::array<float, 4>& base = grid.anchors[a];
  const float anchor[] = {base[0] + grid.stride_x * static_cast<float>(x),
                          base[1] + grid.stride_y * static_cast<float>(y),
                          base[2] + grid.stride_x * static_cast<float>(x),
                          base[3] + grid.stride_y * static_cast<float>(y)};
  float corners[4];
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const auto delta = [&](std::size_t k) {
      const std::size_t plane = 4 * a + k;
      const auto cell = static_cast<std::size_t>(y * level.width + x);
      return input.spec.variances[k] *
             level.deltas[plane * static_cast<std::size_t>(level.height * level.width) + cell];
    };
    const float size = anchor[axis + 2] - anchor[axis] + side;
    const float centre = delta(axis) * size + (anchor[axis] + 0.5f * size);
    const float grown =
        std::exp(std::min(delta(axis + 2), static_cast<float>(std::log(62.5)))) * size;
    const auto limit = static_cast<float>(axis == 0 ? input.image_width : input.image_height);
    corners[axis] = clipped(centre - grown / 2, limit - side);
    corners[axis + 2] = clipped(centre + grown / 2 - side, limit - side);
  }
  return {corners[0], corners[1], corners[2], corners[3]};
}

std::vector<Proposal> slow_level(const Input& input, std::size_t l) {
  const Level& level = input.levels[l];
  const ProposalSpec& spec = input.spec;
  const float side = spec.pixel_offset ? 1.0f : 0.0f;
  std::vector<Proposal> all;
  for (std::size_t a = 0; a < spec.levels[l].anchors.size(); ++a) {
    for (int y = 0; y < level.height; ++y) {
      for (int x = 0; x < level.width; ++x) {
        const auto cell = static_cast<std::size_t>(y * level.width + x);
        const std::size_t index = a * static_cast<std::size_t>(level.height * level.width) + cell;
        all.push_back({slow_box(input, l, a, y, x), level.logits[index]});
      }
    }
  }
  std::vector<Proposal> kept;
  for (const Proposal& candidate : best(all, spec.pre_nms_top_n)) {
    const Box& box = candidate.box;
    const float width = box.x2 - box.x1 + side;
    const float height = box.y2 - box.y1 + side;
    if (width < std::max(spec.min_size, 1.0f) || height < std::max(spec.min_size, 1.0f)) continue;
    if (spec.pixel_offset && (box.x1 + width / 2 > static_cast<float>(input.image_width) ||
                              box.y1 + height / 2 > static_cast<float>(input.image_height))) {
      continue;
    }
    const bool stays = std::all_of(kept.begin(), kept.end(), [&](const Proposal& better) {
      return slow_iou(box, better.box, side) <= spec.nms_threshold;
    });
    if (stays) kept.push_back(candidate);
  }
  if (spec.post_nms_top_n > 0) kept = best(kept, spec.post_nms_top_n);
  if (kept.empty()) kept.push_back({{0, 0, 0, 0}, 0});
  return kept;
}

std::vector<Box> slow(const Input& input) {
  std::vector<Proposal> all;
  for (std::size_t l = 0; l < input.levels.size(); ++l) {
    for (const Proposal& proposal : slow_level(input, l)) all.push_back(proposal);
  }
  const auto most = static_cast<std::size_t>(input.spec.keep_top_n);
  if (most > 0 && all.size() > most) all = best(all, input.spec.keep_top_n);
  std::vector<Box> boxes;
  for (const Proposal& proposal : all) boxes.push_back(proposal.box);
  return boxes;
}

std::vector<Box> fast(const Input& input, int num_threads = 1) {
  static ProposalWorkspace workspace;  // reused from case to case, as in production
  const std::span<const Box> boxes =
      propose_boxes(input.maps(), input.spec, input.image_height, input.image_width,
                    ThreadPool(num_threads), workspace);
  return {boxes.begin(), boxes.end()};
}

TEST(ProposeBoxes, EqualsTheDefinition) {
  Random random(/*seed=*/21);
  for (int i = 0; i < 60; ++i) {
    Input input = random_input(random, random.integer(20, 150), random.integer(20, 200));
    input.spec.pre_nms_top_n = random.integer(0, 1) * random.integer(1, 200);
    input.spec.post_nms_top_n = random.integer(0, 1) * random.integer(1, 60);
    input.spec.keep_top_n = random.integer(0, 1) * random.integer(1, 100);
    input.spec.min_size = random.real(0, 30);
    input.spec.pixel_offset = random.integer(0, 1) == 1;
    if (random.integer(0, 1) == 1) input.spec.variances = {0.1f, 0.1f, 0.2f, 0.2f};
    ASSERT_TRUE(fast(input) == slow(input));
  }
}

TEST(ProposeBoxes, GivesTheSameOnAllThreads) {
  Random random(/*seed=*/22);
  const Input input = random_input(random, 300, 400);
  const std::vector<Box> alone = fast(input, 1);
  EXPECT_TRUE(alone.size() > 100);
  for (const int threads : {2, 3, 7}) EXPECT_TRUE(fast(input, threads) == alone);
}

TEST(ProposeBoxes, PutsEqualLogitsInTheOrderOfTheirCells) {
  Random random(/*seed=*/23);
  Input input = random_input(random, 90, 120);
  for (Level& level : input.levels) {
    for (float& logit : level.logits) logit = static_cast<float>(random.integer(0, 2));
  }
  input.spec.pre_nms_top_n = 70;
  input.spec.keep_top_n = 50;
  ASSERT_TRUE(fast(input) == slow(input));
}

TEST(ProposeBoxes, StandsInForALevelWithoutBoxes) {
  Random random(/*seed=*/24);
  Input input = random_input(random, 60, 60);
  input.spec.min_size = 1000;  // no box is that large
  const std::vector<Box> boxes = fast(input);
  ASSERT_EQ(boxes.size(), 3u);
  for (const Box& box : boxes) EXPECT_TRUE((box == Box{0, 0, 0, 0}));
}

TEST(ProposeBoxes, OfBoxesInOnePointIsNone) {
  Random random(/*seed=*/25);
  Input input = random_input(random, 60, 60);
  for (Level& level : input.levels) {
    const auto plane = static_cast<std::size_t>(level.height * level.width);
    for (std::size_t i = 0; i < level.deltas.size(); ++i) {
      // Width and height shrink to nothing.
      level.deltas[i] = i / plane % 4 < 2 ? 0.0f : -90.0f;
    }
  }
  for (const Box& box : fast(input)) EXPECT_TRUE((box == Box{0, 0, 0, 0}));
}

TEST(ProposeBoxes, KeepsOneOfBoxesThatAreTheSame) {
  Random random(/*seed=*/26);
  Input input = random_input(random, 60, 60);
  for (Level& level : input.levels) {
    const auto plane = static_cast<std::size_t>(level.height * level.width);
    for (std::size_t i = 0; i < level.deltas.size(); ++i) {
      // Far larger than the image: every box is the whole image.
      level.deltas[i] = i / plane % 4 < 2 ? 0.0f : 90.0f;
    }
  }
  const std::vector<Box> boxes = fast(input);
  ASSERT_EQ(boxes.size(), 3u);
  for (const Box& box : boxes) EXPECT_TRUE((box == Box{0, 0, 60, 60}));
}

TEST(ProposeBoxes, WorksOnTheSmallestAndOnLongImages) {
  Random random(/*seed=*/27);
  for (const auto& [height, width] : {std::pair{1, 1}, {1, 4000}, {4000, 1}}) {
    const Input input = random_input(random, height, width);
    ASSERT_TRUE(fast(input) == slow(input));
    for (const Box& box : fast(input)) {
      EXPECT_TRUE(box.x1 >= 0 && box.x2 <= static_cast<float>(width));
      EXPECT_TRUE(box.y1 >= 0 && box.y2 <= static_cast<float>(height));
    }
  }
}

TEST(ProposeBoxes, SurvivesWhatIsNoNumber) {
  // The family refuses such outputs; the kernel must only stay inside its memory.
  Random random(/*seed=*/28);
  Input input = random_input(random, 60, 60);
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (Level& level : input.levels) {
    for (float& logit : level.logits) {
      const int kind = random.integer(0, 3);
      if (kind < 3) logit = kind == 0 ? nan : kind == 1 ? infinity : -infinity;
    }
    for (float& delta : level.deltas) {
      const int kind = random.integer(0, 3);
      if (kind < 3) delta = kind == 0 ? nan : kind == 1 ? infinity : -infinity;
    }
  }
  for (const Box& box : fast(input)) {
    EXPECT_TRUE(box.x1 >= 0 && box.x1 <= box.x2 && box.x2 <= 60);
    EXPECT_TRUE(box.y1 >= 0 && box.y1 <= box.y2 && box.y2 <= 60);
  }
}

TEST(ProposeBoxes, AllocatesNothingOnceItHasSeenTheSize) {
  Random random(/*seed=*/29);
  const Input first = random_input(random, 90, 120);
  const Input second = random_input(random, 90, 120);
  const std::vector<ProposalMap> first_maps = first.maps();
  const std::vector<ProposalMap> second_maps = second.maps();
  ProposalWorkspace workspace;
  const ThreadPool pool(1);
  propose_boxes(first_maps, first.spec, 90, 120, pool, workspace);
  const std::size_t room = workspace.boxes.capacity();
  propose_boxes(second_maps, second.spec, 90, 120, pool, workspace);
  workspace.boxes.reserve(2 * room);  // the second image may simply have more proposals
  const long before = testing::allocation_count();
  propose_boxes(first_maps, first.spec, 90, 120, pool, workspace);
  propose_boxes(second_maps, second.spec, 90, 120, pool, workspace);
  EXPECT_EQ(testing::allocation_count(), before);
}

TEST(ProposeBoxes, RefusesMapsThatDoNotFit) {
  Random random(/*seed=*/30);
  const Input input = random_input(random, 60, 60);
  std::vector<ProposalMap> maps = input.maps();
  ProposalWorkspace workspace;
  const ThreadPool pool(1);
  maps[1].width = 0;
  EXPECT_THROWS(InvalidArgument, "a map has no cell: 4 x 0",
                propose_boxes(maps, input.spec, 60, 60, pool, workspace));
  maps.pop_back();
  EXPECT_THROWS(InvalidArgument, "2 maps for 3 levels of anchors",
                propose_boxes(maps, input.spec, 60, 60, pool, workspace));
}

}  // namespace
}  // namespace instseg

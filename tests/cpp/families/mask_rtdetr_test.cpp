#include "families/mask_rtdetr.h"

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "instseg/errors.h"
#include "postprocess/allocation_count.h"
#include "slow_mask_rtdetr.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::difference;
using testing::Random;
using testing::slow_mask_rtdetr;

struct Case {
  int num_queries = 0;
  int num_classes = 0;
  int num_prototypes = 0;
  int height = 0;  // of the prototypes
  int width = 0;
  int image_height = 0;
  int image_width = 0;
  MaskRtdetrSpec spec;
  std::vector<float> boxes, logits, coefficients, prototypes;

  MaskRtdetrOutputs outputs() const {
    return {num_queries,   num_classes,         boxes.data(),
            logits.data(), coefficients.data(), {prototypes.data(), num_prototypes, height, width}};
  }
  Result detect(const Selection& selection, const ThreadPool& pool,
                FamilyWorkspace& workspace) const {
    return detect_mask_rtdetr(outputs(), spec, image_height, image_width, selection, "Tiny", pool,
                              workspace);
  }
  Result detect(const Selection& selection = {}) const {
    const ThreadPool pool(1);
    return detect(selection, pool, *make_mask_rtdetr_workspace());
  }
  std::vector<testing::SlowInstance> slow(const Selection& selection = {}) const {
    return slow_mask_rtdetr(outputs(), spec, image_height, image_width, selection);
  }
};

std::vector<float> reals(Random& random, int count, float low, float high) {
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = random.real(low, high);
  return values;
}

Case make_case(Random& random, int num_queries, int num_classes, int image_height,
               int image_width) {
  Case c{.num_queries = num_queries,
         .num_classes = num_classes,
         .num_prototypes = random.integer(1, 9),
         .height = random.integer(1, 20),
         .width = random.integer(1, 20),
         .image_height = image_height,
         .image_width = image_width};
  c.spec.top_k = random.integer(1, num_queries * num_classes + 3);
  c.logits = reals(random, num_queries * num_classes, -3, 3);
  c.coefficients = reals(random, num_queries * c.num_prototypes, -2, 2);
  c.prototypes = reals(random, c.num_prototypes * c.height * c.width, -2, 2);
  for (int q = 0; q < num_queries; ++q) {
    // Centres outside and sides from nothing to more than the image: boxes cross every edge.
    for (const float value : {random.real(-0.3f, 1.3f), random.real(-0.3f, 1.3f),
                              random.real(-0.1f, 1.4f), random.real(-0.1f, 1.4f)}) {
      c.boxes.push_back(value);
    }
  }
  return c;
}

Selection random_selection(Random& random, int num_classes, std::vector<int>& class_ids) {
  Selection selection{.threshold = random.integer(0, 3) == 0 ? 0.0f : random.real(0, 0.8f),
                      .clip_masks = random.integer(0, 1) == 0};
  if (random.integer(0, 3) == 0) selection.max_detections = random.integer(1, 5);
  if (random.integer(0, 3) == 0) {
    class_ids.clear();
    for (int i = random.integer(0, 3); i > 0; --i) {
      class_ids.push_back(random.integer(0, num_classes - 1));
    }
    selection.class_ids = class_ids;
  }
  return selection;
}

TEST(MaskRtdetr, IsBitForBitThatOfTheSlowTwin) {
  Random random(71);
  const ThreadPool pool(3);
  const auto workspace = make_mask_rtdetr_workspace();  // nothing may stay from case to case
  std::size_t instances = 0;
  for (int i = 0; i < 150; ++i) {
    Case c = make_case(random, random.integer(1, 12), random.integer(1, 5), random.integer(1, 60),
                       random.integer(1, 60));
    if (i % 4 == 0) {  // ties in every order
      for (float& logit : c.logits) logit = static_cast<float>(random.integer(-1, 1));
    }
    if (i % 3 == 0) c.spec.mask_logit_threshold = random.real(-2, 2);
    if (i % 5 == 0) {  // logits of pixels that hit the threshold exactly
      for (float& value : c.prototypes) value = static_cast<float>(random.integer(-1, 1));
      for (float& value : c.coefficients) value = static_cast<float>(random.integer(-1, 1));
      c.spec.mask_logit_threshold = static_cast<float>(random.integer(-1, 1));
    }
    std::vector<int> class_ids;
    const Selection selection = random_selection(random, c.num_classes, class_ids);
    const Result result = c.detect(selection, pool, *workspace);
    instances += result.size();
    if (!EXPECT_EQ(difference(result, c.slow(selection)), "")) {
      testing::fail(__FILE__, __LINE__, "case " + std::to_string(i));
      return;
    }
  }
  EXPECT_TRUE(instances > 500);
}

TEST(MaskRtdetr, WorksOnPointsAndStrips) {
  Random random(72);
  const int sizes[][2] = {{1, 1}, {1, 2}, {2, 1}, {1, 900}, {900, 1}, {2, 777}, {513, 3}};
  for (const auto& [height, width] : sizes) {
    for (int i = 0; i < 6; ++i) {
      const Case c = make_case(random, 6, 3, height, width);
      for (const bool clip_masks : {true, false}) {
        const Selection selection{.threshold = 0.2f, .clip_masks = clip_masks};
        ASSERT_EQ(difference(c.detect(selection), c.slow(selection)), "");
      }
    }
  }
}

TEST(MaskRtdetr, DoesNotDependOnTheNumberOfThreads) {
  Random random(73);
  const ThreadPool one(1);
  for (int i = 0; i < 20; ++i) {
    const Case c = make_case(random, 30, 4, 90, 130);
    const Selection selection{.threshold = 0.1f, .clip_masks = i % 2 == 0};
    const Result expected = c.detect(selection, one, *make_mask_rtdetr_workspace());
    for (const int threads : {2, 7}) {
      const ThreadPool pool(threads);
      const Result result = c.detect(selection, pool, *make_mask_rtdetr_workspace());
      EXPECT_TRUE(result.boxes == expected.boxes && result.scores == expected.scores &&
                  result.class_ids == expected.class_ids && result.masks == expected.masks);
    }
  }
}

// One query, two classes, boxes and masks one can work out by hand.
Case simple_case(std::vector<float> cxcywh) {
  return {.num_queries = 1,
          .num_classes = 2,
          .num_prototypes = 1,
          .height = 2,
          .width = 2,
          .image_height = 10,
          .image_width = 20,
          .spec = {},
          .boxes = std::move(cxcywh),
          .logits = {1, 2},
          .coefficients = {1},
          .prototypes = {1, 1, 1, 1}};
}

TEST(MaskRtdetr, GivesEveryClassOfAQueryABoxAndMask) {
  const Case c = simple_case({0.5f, 0.5f, 0.5f, 0.5f});
  const Result result = c.detect();
  ASSERT_EQ(result.size(), 2u);
  EXPECT_EQ(result.class_ids[0], 1);
  EXPECT_EQ(result.class_ids[1], 0);
  EXPECT_NEAR(result.scores[0], 0.880797, 1e-6);  // the sigmoid of 2, to float32's precision
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE((result.boxes[static_cast<std::size_t>(i)] == Box{5, 2.5f, 15, 7.5f}));
    // 2.5 and 7.5 are rounded to even: rows 2 to 7.
    EXPECT_TRUE((result.masks[static_cast<std::size_t>(i)].region() == Region{5, 2, 10, 6}));
    EXPECT_EQ(result.masks[static_cast<std::size_t>(i)].area(), 60);
  }
}

TEST(MaskRtdetr, ClipsBoxesToTheImage) {
  const Result result = simple_case({0.9f, 0.1f, 1, 1}).detect();
  ASSERT_EQ(result.size(), 2u);
  EXPECT_EQ(result.boxes[0].y1, 0.0f);
  EXPECT_EQ(result.boxes[0].x2, 20.0f);
  EXPECT_EQ(result.masks[0].region().x + result.masks[0].region().width, 20);
  const Result whole = simple_case({0.5f, 0.5f, 1e30f, 3e38f}).detect();
  ASSERT_EQ(whole.size(), 2u);
  EXPECT_TRUE((whole.boxes[0] == Box{0, 0, 20, 10}));
  EXPECT_EQ(whole.masks[0].area(), 200);
}

TEST(MaskRtdetr, DropsBoxesThatAreEmptyAfterClipping) {
  for (const std::vector<float>& box : std::vector<std::vector<float>>{{0.5f, 0.5f, 0, 0.5f},
                                                                       {0.5f, 0.5f, 0.5f, 0},
                                                                       {0.5f, 0.5f, -0.5f, 0.5f},
                                                                       {-0.5f, 0.5f, 1, 0.5f},
                                                                       {0.5f, 1.5f, 1, 1},
                                                                       {-3e38f, 0.5f, 1, 1}}) {
    EXPECT_EQ(simple_case(box).detect().size(), 0u);
  }
  // A box of less than half a pixel stays; no pixel is inside.
  const Result thin = simple_case({0.5f, 0.5f, 0.01f, 0.01f}).detect();
  ASSERT_EQ(thin.size(), 2u);
  EXPECT_EQ(thin.masks[0].area(), 0);
}

TEST(MaskRtdetr, FiltersClassesAmongTheTopK) {
  Case c = simple_case({0.5f, 0.5f, 0.5f, 0.5f});
  const std::array first = {0};
  EXPECT_EQ(c.detect({.class_ids = first}).size(), 1u);
  c.spec.top_k = 1;  // class 0 is only second
  EXPECT_EQ(c.detect({.class_ids = first}).size(), 0u);
  EXPECT_EQ(c.detect({.class_ids = std::span<const int>{}}).size(), 0u);
}

TEST(MaskRtdetr, OfNothingAboveTheThresholdIsEmpty) {
  const Case c = simple_case({0.5f, 0.5f, 0.5f, 0.5f});
  const Result result = c.detect({.threshold = 0.9f});
  EXPECT_EQ(result.size(), 0u);
  EXPECT_EQ(result.image_height, 10);
  EXPECT_EQ(result.image_width, 20);
  EXPECT_TRUE(result.boxes.empty() && result.masks.empty() && result.class_ids.empty());
  // A score that equals the threshold is not above it.
  EXPECT_EQ(c.detect({.threshold = c.detect().scores[0]}).size(), 0u);
}

TEST(MaskRtdetr, RefusesValuesThatAreNotFinite) {
  const float inf = std::numeric_limits<float>::infinity();
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), inf, -inf}) {
    const auto expect = [&](std::vector<float> Case::* tensor, const char* name) {
      Random random(74);
      Case c = make_case(random, 5, 3, 20, 30);
      c.boxes = reals(random, 20, 0.4f, 0.6f);
      ASSERT_TRUE(c.detect({.threshold = 0}).size() > 0);
      const std::size_t size = (c.*tensor).size();
      for (const std::size_t place : {std::size_t{0}, size / 2, size - 1}) {
        const float good = (c.*tensor)[place];
        (c.*tensor)[place] = value;
        EXPECT_THROWS(EngineError, "in its output '" + std::string(name) + "'",
                      c.detect({.threshold = 0}));
        // On several threads too.
        const ThreadPool pool(3);
        EXPECT_THROWS(EngineError, "Tiny gave ",
                      c.detect({.threshold = 0}, pool, *make_mask_rtdetr_workspace()));
        (c.*tensor)[place] = good;
      }
    };
    expect(&Case::boxes, "boxes_cxcywh");
    expect(&Case::logits, "class_logits");
    expect(&Case::coefficients, "mask_coefficients");
    expect(&Case::prototypes, "mask_prototypes");
  }
}

TEST(MaskRtdetr, SurvivesLogitsThatOverflow) {
  // Finite values whose products are not: infinite or NaN logits, the latter background.
  Case c = simple_case({0.5f, 0.5f, 1, 1});
  c.num_prototypes = 2;
  c.coefficients = {3e38f, 3e38f};
  c.prototypes = {3e38f, 1, -3e38f, 0, 3e38f, -1, 3e38f, 0};
  for (const bool clip_masks : {true, false}) {
    const Selection selection{.clip_masks = clip_masks};
    EXPECT_EQ(difference(c.detect(selection), c.slow(selection)), "");
  }
}

TEST(MaskRtdetr, TakesTheExtremeMaskThresholds) {
  Random random(75);
  const float inf = std::numeric_limits<float>::infinity();  // mask probabilities 1 and 0
  for (const float threshold : {inf, -inf}) {
    Case c = make_case(random, 4, 2, 30, 40);
    c.spec.mask_logit_threshold = threshold;
    for (const bool clip_masks : {true, false}) {
      const Selection selection{.threshold = 0.1f, .clip_masks = clip_masks};
      EXPECT_EQ(difference(c.detect(selection), c.slow(selection)), "");
    }
  }
}

TEST(MaskRtdetr, AllocatesOnlyTheResultOnceWarm) {
  Random random(76);
  const ThreadPool pool(1);
  const auto workspace = make_mask_rtdetr_workspace();
  const Case c = make_case(random, 20, 3, 100, 100);
  for (const bool clip_masks : {true, false}) {
    const Selection selection{.threshold = 0.2f, .clip_masks = clip_masks};
    c.detect(selection, pool, *workspace);
    const long before = testing::allocation_count();
    const Result result = c.detect(selection, pool, *workspace);
    const long made = testing::allocation_count() - before;
    ASSERT_TRUE(result.size() > 3);
    // Per vector at most one allocation each time its size doubles, and one per mask.
    EXPECT_TRUE(made <= static_cast<long>(3 * 7 + 1 + result.size()));
  }
}

}  // namespace
}  // namespace instseg

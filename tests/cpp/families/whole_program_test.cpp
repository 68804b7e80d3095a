// The twin looks at every pixel of the image and asks the program's mask for it.
#include "families/whole_program.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

constexpr int kClasses = 4;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Outputs of a program of either kind, for an image of this size.
struct Case {
  int image_height = 9;
  int image_width = 14;
  std::vector<float> rows;  // [n, 6]
  std::vector<float> scores;
  std::vector<std::int64_t> class_ids;
  std::vector<std::int32_t> masks;  // [n, mask_height, mask_width]
  std::int64_t mask_height = 9;
  std::int64_t mask_width = 14;
  Selection selection{.threshold = 0.5f};

  std::size_t mask_size() const { return static_cast<std::size_t>(mask_height * mask_width); }
  ProgramMasks all_masks() const {
    return {.values = masks.data(),
            .count = static_cast<std::int64_t>(masks.size() / mask_size()),
            .height = mask_height,
            .width = mask_width};
  }
  void add_row(std::vector<float> row, std::int32_t value = 1) {
    rows.insert(rows.end(), row.begin(), row.end());
    masks.insert(masks.end(), mask_size(), value);
  }
  Result boxes(int threads = 1) const { return boxes(all_masks(), threads); }
  Result boxes(const ProgramMasks& values, int threads = 1) const {
    const auto workspace = make_whole_program_workspace();
    return read_box_program({.rows = rows, .masks = values}, kClasses, image_height, image_width,
                            selection, "Tiny", ThreadPool(threads), *workspace);
  }
  Result whole_masks(int threads = 1) const {
    const auto workspace = make_whole_program_workspace();
    return read_mask_program({.scores = scores, .class_ids = class_ids, .masks = all_masks()},
                             kClasses, image_height, image_width, selection, "Tiny",
                             ThreadPool(threads), *workspace);
  }
};

Case random_case(unsigned seed) {
  Random random(seed);
  Case c;
  c.image_height = random.integer(1, 20);
  c.image_width = random.integer(1, 150);
  c.mask_height = std::max(1, c.image_height + random.integer(-1, 1));
  c.mask_width = std::max(1, c.image_width + random.integer(-1, 1));
  const int count = random.integer(0, 12);
  for (int i = 0; i < count; ++i) {
    const float score = static_cast<float>(random.integer(0, 10)) / 10;  // with ties
    const int class_id = random.integer(0, kClasses - 1);
    c.scores.push_back(score);
    c.class_ids.push_back(class_id);
    const bool padding = random.integer(0, 5) == 0;
    c.rows.insert(c.rows.end(), {padding ? -1 : static_cast<float>(class_id), score});
    for (const int side : {c.image_width, c.image_height, c.image_width, c.image_height}) {
      c.rows.push_back(random.real(-0.3f, 1.3f) * static_cast<float>(side));
    }
    const bool empty = random.integer(0, 4) == 0;
    for (std::size_t p = 0; p < c.mask_size(); ++p) {
      c.masks.push_back(!empty && random.integer(0, 3) == 0 ? 1 : 0);
    }
  }
  c.selection.threshold = static_cast<float>(random.integer(0, 10)) / 10;
  c.selection.clip_masks = random.integer(0, 1) == 0;
  c.selection.max_detections = random.integer(0, 1) * 3;
  return c;
}

// One instance as the twin finds it.
struct Expected {
  std::size_t index;  // of the program
  Box box;
  std::vector<bool> pixels;  // of the whole image
};

bool in_mask(const Case& c, std::size_t index, int y, int x) {
  if (y >= c.mask_height || x >= c.mask_width) return false;
  return c.masks[index * c.mask_size() + static_cast<std::size_t>(y * c.mask_width + x)] != 0;
}

std::vector<std::size_t> by_falling_score(const Case& c) {
  std::multimap<float, std::size_t> sorted;  // keeps the order of equal scores
  for (std::size_t i = 0; i < c.scores.size(); ++i) sorted.emplace(-c.scores[i], i);
  std::vector<std::size_t> order;
  for (const auto& [score, i] : sorted) order.push_back(i);
  return order;
}

bool is_full(const Case& c, const std::vector<Expected>& found) {
  return c.selection.max_detections > 0 &&
         found.size() == static_cast<std::size_t>(c.selection.max_detections);
}

std::vector<Expected> slow_boxes(const Case& c) {
  std::vector<Expected> found;
  const auto width = static_cast<float>(c.image_width);
  const auto height = static_cast<float>(c.image_height);
  for (const std::size_t i : by_falling_score(c)) {
    const float* const row = c.rows.data() + 6 * i;
    if (!(row[1] > c.selection.threshold) || row[0] < 0 || is_full(c, found)) continue;
    const Box box = {std::clamp(row[2], 0.0f, width), std::clamp(row[3], 0.0f, height),
                     std::clamp(row[4], 0.0f, width), std::clamp(row[5], 0.0f, height)};
    if (box.x2 <= box.x1 || box.y2 <= box.y1) continue;
    Expected instance{i, box, {}};
    for (int y = 0; y < c.image_height; ++y) {
      for (int x = 0; x < c.image_width; ++x) {
        const bool in_box =
            !c.selection.clip_masks || (static_cast<float>(x) >= std::nearbyint(box.x1) &&
                                        static_cast<float>(x) < std::nearbyint(box.x2) &&
                                        static_cast<float>(y) >= std::nearbyint(box.y1) &&
                                        static_cast<float>(y) < std::nearbyint(box.y2));
        instance.pixels.push_back(in_box && in_mask(c, i, y, x));
      }
    }
    found.push_back(instance);
  }
  return found;
}

std::vector<Expected> slow_masks(const Case& c) {
  std::vector<Expected> found;
  for (const std::size_t i : by_falling_score(c)) {
    if (c.scores[i] < c.selection.threshold || is_full(c, found)) continue;
    Expected instance{i, {1e9f, 1e9f, 0, 0}, {}};
    for (int y = 0; y < c.image_height; ++y) {
      for (int x = 0; x < c.image_width; ++x) {
        instance.pixels.push_back(in_mask(c, i, y, x));
        if (!instance.pixels.back()) continue;
        Box& box = instance.box;
        box = {std::min(box.x1, static_cast<float>(x)), std::min(box.y1, static_cast<float>(y)),
               std::max(box.x2, static_cast<float>(x + 1)),
               std::max(box.y2, static_cast<float>(y + 1))};
      }
    }
    if (instance.box.x2 > 0) found.push_back(instance);
  }
  return found;
}

std::vector<bool> pixels_of(const Mask& mask) {
  std::vector<std::uint8_t> bitmap(static_cast<std::size_t>(mask.image_height()) *
                                   static_cast<std::size_t>(mask.image_width()));
  mask.write_bitmap(bitmap.data(), mask.image_width());
  return {bitmap.begin(), bitmap.end()};
}

void expect_same(const Case& c, const Result& result, const std::vector<Expected>& expected) {
  EXPECT_EQ(result.image_height, c.image_height);
  EXPECT_EQ(result.image_width, c.image_width);
  ASSERT_EQ(result.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_TRUE(result.boxes[i] == expected[i].box);
    EXPECT_EQ(result.scores[i], c.scores[expected[i].index]);
    EXPECT_EQ(result.class_ids[i], c.class_ids[expected[i].index]);
    EXPECT_TRUE(pixels_of(result.masks[i]) == expected[i].pixels);
  }
}

TEST(WholeProgram, ReadsWhatTheTwinReads) {
  int found = 0;
  for (unsigned seed = 0; seed < 400; ++seed) {
    const Case c = random_case(seed);
    const std::vector<Expected> boxes = slow_boxes(c);
    const std::vector<Expected> masks = slow_masks(c);
    found += static_cast<int>(boxes.size() + masks.size());
    for (const int threads : {1, 3}) {
      expect_same(c, c.boxes(threads), boxes);
      expect_same(c, c.whole_masks(threads), masks);
    }
  }
  EXPECT_TRUE(found > 500);
}

TEST(WholeProgram, ReadsMasksOfEveryType) {
  Case c = random_case(3);
  while (slow_boxes(c).empty()) c = random_case(static_cast<unsigned>(c.rows.size()) + 100);
  ProgramMasks masks = c.all_masks();
  const std::vector<float> floats(c.masks.begin(), c.masks.end());
  masks.values = floats.data();
  expect_same(c, c.boxes(masks), slow_boxes(c));
  const std::vector<std::uint8_t> bytes(c.masks.begin(), c.masks.end());
  masks.values = bytes.data();
  expect_same(c, c.boxes(masks), slow_boxes(c));
}

TEST(WholeProgram, ThresholdsDifferByKind) {
  Case c;
  c.add_row({0, 0.5f, 1, 1, 5, 5});
  c.scores = {0.5f};
  c.class_ids = {0};
  EXPECT_EQ(c.boxes().size(), 0u);
  EXPECT_EQ(c.whole_masks().size(), 1u);
}

TEST(WholeProgram, OfNothingIsNothing) {
  const Case c;
  EXPECT_EQ(c.boxes().size(), 0u);
  EXPECT_EQ(c.whole_masks().size(), 0u);
}

TEST(WholeProgram, RowsThatStandForNothingAreLeftOut) {
  Case c;
  c.selection.threshold = 0;
  c.add_row({-1, 0.9f, 1, 1, 5, 5});    // padding
  c.add_row({-1, -1, -1, -1, -1, -1});  // padding of another kind
  c.add_row({0, 0, 0, 0, 0, 0}, 0);     // R-CNN without a detection
  c.add_row({1, 0.9f, 3, 3, 3, 8});     // a box without width
  c.add_row({1, 0.9f, 30, 3, 50, 8});   // outside the image
  EXPECT_EQ(c.boxes().size(), 0u);
  c.add_row({2, 0.1f, 3, 3, 6, 8});
  EXPECT_EQ(c.boxes().size(), 1u);
  // SOLOv2 without a detection: one empty mask of score 0, or of any other.
  Case solo;
  solo.selection.threshold = 0;
  solo.scores = {0, 0.7f};
  solo.class_ids = {0, 1};
  solo.masks.assign(2 * solo.mask_size(), 0);
  EXPECT_EQ(solo.whole_masks().size(), 0u);
}

TEST(WholeProgram, RefusesValuesThatAreNotFinite) {
  for (const float bad : {kNan, kInfinity, -kInfinity}) {
    for (std::size_t column = 0; column < 6; ++column) {
      Case c;
      c.add_row({0, 0.9f, 1, 1, 5, 5});
      c.rows[column] = bad;
      EXPECT_THROWS(EngineError, "in its output 'boxes'", c.boxes());
    }
    Case c;
    c.scores = {bad};
    c.class_ids = {0};
    c.masks.assign(c.mask_size(), 1);
    EXPECT_THROWS(EngineError, "in its output 'scores'", c.whole_masks());
    c.add_row({0, 0.9f, 1, 1, 5, 5});
    c.masks.resize(c.mask_size());
    std::vector<float> floats(c.mask_size(), 1);
    floats[3 * 14 + 3] = bad;
    ProgramMasks masks = c.all_masks();
    masks.values = floats.data();
    EXPECT_THROWS(EngineError, "in its output 'masks'", c.boxes(masks, 2));
  }
}

TEST(WholeProgram, RefusesClassesThatDoNotExist) {
  for (const float class_id : {4.0f, 1e9f, 0.5f, -2.0f}) {
    Case c;
    c.add_row({class_id, 0.9f, 1, 1, 5, 5});
    EXPECT_THROWS(EngineError, "but instseg.json names 4 classes", c.boxes());
    c.rows[1] = 0.4f;  // nobody asks
    EXPECT_EQ(c.boxes().size(), 0u);
  }
  for (const std::int64_t class_id : {std::int64_t{4}, std::int64_t{-1}, std::int64_t{1} << 40}) {
    Case c;
    c.scores = {0.9f};
    c.class_ids = {class_id};
    c.masks.assign(c.mask_size(), 1);
    EXPECT_THROWS(EngineError, "but instseg.json names 4 classes", c.whole_masks());
  }
}

TEST(WholeProgram, RefusesMasksThatDoNotBelongToTheRows) {
  Case c;
  c.add_row({0, 0.9f, 1, 1, 5, 5});
  c.add_row({0, 0.9f, 1, 1, 5, 5});
  c.masks.resize(c.mask_size());
  EXPECT_THROWS(EngineError, "masks of the shape [1, 9, 14], expected [2, 9, 14]", c.boxes());
  // A program that scales the sides of a narrow image by one factor.
  Case narrow;
  narrow.image_width = 140;
  narrow.add_row({0, 0.9f, 1, 1, 5, 5});
  EXPECT_THROWS(EngineError, "take an engine that runs the networks", narrow.boxes());
  // Without an instance nobody asks for masks.
  narrow.selection.threshold = 0.95f;
  EXPECT_EQ(narrow.boxes().size(), 0u);
  Case solo;
  solo.scores = {0.9f};
  EXPECT_THROWS(EngineError, "Tiny gave 1 scores and 0 classes", solo.whole_masks());
}

TEST(WholeProgram, KeepsWantedClasses) {
  Case c;
  c.add_row({0, 0.9f, 1, 1, 5, 5});
  c.add_row({3, 0.8f, 1, 1, 5, 5});
  c.scores = {0.9f, 0.8f};
  c.class_ids = {0, 3};
  const std::vector<int> ids = {3};
  c.selection.class_ids = ids;
  for (const Result& result : {c.boxes(), c.whole_masks()}) {
    ASSERT_EQ(result.size(), 1u);
    EXPECT_EQ(result.class_ids[0], 3);
  }
}

// A folder of which only the program matters.
NetworkFolder folder_with(std::vector<TensorSpec> inputs, std::vector<TensorSpec> outputs) {
  NetworkFolder folder;
  folder.path = "some folder";
  folder.model_name = "Tiny";
  folder.family = "mask_rcnn";
  folder.class_names = {"a", "b", "c", "d"};
  folder.networks = {
      {.role = "program", .inputs = std::move(inputs), .outputs = std::move(outputs)}};
  return folder;
}

TensorSpec tensor(const char* meaning, const char* dtype = "float32") {
  return {.name = meaning, .meaning = meaning, .dtype = dtype, .shape = {}};
}

TEST(WholeProgram, NamesWhatAProgramLacks) {
  const std::vector<TensorSpec> inputs = {tensor("image"), tensor("im_shape"),
                                          tensor("scale_factor")};
  const std::vector<TensorSpec> boxes = {tensor("boxes"), tensor("count", "int32"),
                                         tensor("masks", "int32")};
  const std::vector<TensorSpec> masks = {tensor("count", "int32"), tensor("class_ids", "int64"),
                                         tensor("scores"), tensor("masks", "uint8")};
  make_whole_program(folder_with(inputs, boxes));
  make_whole_program(folder_with(inputs, masks));
  make_whole_program(folder_with({tensor("image")}, boxes));
  const auto refused = [&](const std::vector<TensorSpec>& in, const std::vector<TensorSpec>& out,
                           const std::string& part) {
    EXPECT_THROWS(ModelError, part, make_whole_program(folder_with(in, out)));
  };
  refused({tensor("im_shape"), tensor("image")}, boxes, "input 0 of the program is \"im_shape\"");
  refused({tensor("image", "int32")}, boxes, "is \"image\" of int32");
  refused({tensor("image"), tensor("sun")}, boxes, "the program has an input \"sun\"");
  refused(inputs, {tensor("boxes")}, "the program has no output \"masks\"");
  refused(inputs, {tensor("boxes", "int32"), tensor("masks")}, "\"boxes\" is int32");
  refused(inputs, {tensor("masks", "int64"), tensor("boxes")}, "\"masks\" is int64");
  refused(inputs, {tensor("masks"), tensor("scores")}, "the program has no output \"class_ids\"");
  NetworkFolder two = folder_with(inputs, boxes);
  two.networks.push_back(two.networks[0]);
  EXPECT_THROWS(ModelError, "'networks' has 2 entries", make_whole_program(two));
}

}  // namespace
}  // namespace instseg

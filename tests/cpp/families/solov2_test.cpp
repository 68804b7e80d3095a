// The twin follows the program step by step: every candidate, whole mask maps as probabilities,
// pairwise NMS, two literal resizes; nothing is left out early.
#include "families/solov2.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using testing::Random;

struct Case {
  int num_classes = 3;
  int num_channels = 5;
  std::vector<int> grids = {6, 4};
  std::vector<std::vector<float>> scores;   // per level [g, g, K]
  std::vector<std::vector<float>> weights;  // per level [D, g, g]
  int height = 12;                          // of the features
  int width = 16;
  std::vector<float> features;
  NetworkSize size{.height = 45, .width = 60, .padded_height = 48, .padded_width = 64};
  int image_height = 90;
  int image_width = 120;
  Solov2Spec spec{.level_strides = {8, 16}};
  Selection selection{.threshold = 0.3f};

  Result detect(int threads = 1) const {
    const std::unique_ptr<FamilyWorkspace> workspace = make_solov2_workspace();
    return detect(ThreadPool(threads), *workspace);
  }
  Result detect(const ThreadPool& pool, FamilyWorkspace& workspace) const {
    std::vector<Solov2Level> levels;
    for (std::size_t i = 0; i < grids.size(); ++i) {
      levels.push_back({.height = grids[i],
                        .width = grids[i],
                        .scores = scores[i].data(),
                        .weights = weights[i].data()});
    }
    const Solov2Outputs outputs = {.num_classes = num_classes,
                                   .levels = levels,
                                   .mask_features = {features.data(), num_channels, height, width}};
    return detect_solov2(outputs, spec, size, image_height, image_width, selection, "Tiny", pool,
                         workspace);
  }
};

Case random_case(unsigned seed) {
  Random random(seed);
  Case c;
  for (const int grid : c.grids) {
    std::vector<float> scores;
    for (int i = 0; i < grid * grid * c.num_classes; ++i) {
      scores.push_back(random.integer(0, 3) == 0 ? random.real(0.05f, 1) : 0.0f);
    }
    c.scores.push_back(scores);
    std::vector<float> weights;
    for (int i = 0; i < c.num_channels * grid * grid; ++i) weights.push_back(random.real(-3, 3));
    c.weights.push_back(weights);
  }
  // Slopes and waves, so that masks hang together.
  for (int channel = 0; channel < c.num_channels; ++channel) {
    const float a = random.real(-0.5f, 0.5f);
    const float b = random.real(-0.5f, 0.5f);
    const float phase = random.real(-3, 3);
    for (int y = 0; y < c.height; ++y) {
      for (int x = 0; x < c.width; ++x) {
        c.features.push_back(
            std::sin(a * static_cast<float>(y) + b * static_cast<float>(x) + phase));
      }
    }
  }
  return c;
}

struct TwinInstance {
  int class_id = 0;
  float score = 0;
  std::vector<double> probabilities;  // of the image
};

// One axis: output i = in[first] * (1 - weight) + in[second] * weight.
struct Tap {
  int first;
  int second;
  double weight;
};
Tap tap(int in, int out, int i) {
  const float ratio = out > 1 ? static_cast<float>(in) / static_cast<float>(out) : 0.0f;
  const float position = std::max(ratio * (static_cast<float>(i) + 0.5f) - 0.5f, 0.0f);
  const int first = std::min(static_cast<int>(position), in - 1);
  return {first, std::min(first + 1, in - 1), position - static_cast<float>(first)};
}

std::vector<double> resized(const std::vector<double>& in, int height, int width, int out_height,
                            int out_width) {
  std::vector<double> out;
  for (int y = 0; y < out_height; ++y) {
    const Tap row = tap(height, out_height, y);
    for (int x = 0; x < out_width; ++x) {
      const Tap column = tap(width, out_width, x);
      const auto along = [&](int r) {
        return in[r * width + column.first] * (1 - column.weight) +
               in[r * width + column.second] * column.weight;
      };
      out.push_back(along(row.first) * (1 - row.weight) + along(row.second) * row.weight);
    }
  }
  return out;
}

// The program's own words: im_shape / scale_factor[0] + 0.5, cut to a whole number; scale_factor is
// what the height was resized by.
int program_width(const Case& c) {
  const float scale_factor =
      static_cast<float>(c.size.height / static_cast<double>(c.image_height));
  const int width = static_cast<int>(static_cast<float>(c.size.width) / scale_factor + 0.5f);
  const bool near = std::abs(width - c.image_width) * 100 <= c.image_width;
  return c.spec.width_by_height_factor && near ? width : c.image_width;
}

std::vector<TwinInstance> twin(const Case& c) {
  struct Candidate {
    int class_id;
    float score;
    std::vector<double> probabilities;
    std::vector<bool> foreground;
    int area;
  };
  std::vector<Candidate> candidates;
  for (std::size_t level = 0; level < c.grids.size(); ++level) {
    const int cells = c.grids[level] * c.grids[level];
    for (int cell = 0; cell < cells; ++cell) {
      for (int k = 0; k < c.num_classes; ++k) {
        const float score = c.scores[level][cell * c.num_classes + k];
        if (!(score > c.spec.candidate_threshold)) continue;
        Candidate candidate{k, 0, {}, {}, 0};
        double sum = 0;
        for (int i = 0; i < c.height * c.width; ++i) {
          float logit = 0;
          for (int d = 0; d < c.num_channels; ++d) {
            logit =
                logit + c.features[d * c.height * c.width + i] * c.weights[level][d * cells + cell];
          }
          const double probability = 1 / (1 + std::exp(-static_cast<double>(logit)));
          candidate.probabilities.push_back(probability);
          candidate.foreground.push_back(probability > c.spec.mask_threshold);
          if (!candidate.foreground.back()) continue;
          ++candidate.area;
          sum += probability;
        }
        if (candidate.area <= c.spec.level_strides[level]) continue;
        candidate.score = score * static_cast<float>(sum / candidate.area);
        candidates.push_back(candidate);
      }
    }
  }
  const auto best_first = [](const auto& a, const auto& b) { return a.score > b.score; };
  std::stable_sort(candidates.begin(), candidates.end(), best_first);
  if (candidates.size() > static_cast<std::size_t>(c.spec.pre_nms_top_k)) {
    candidates.resize(c.spec.pre_nms_top_k);
  }
  const auto iou = [&](const Candidate& a, const Candidate& b) {
    if (a.class_id != b.class_id) return 0.0f;
    int common = 0;
    for (std::size_t i = 0; i < a.foreground.size(); ++i) {
      common += a.foreground[i] && b.foreground[i] ? 1 : 0;
    }
    return static_cast<float>(common) / static_cast<float>(a.area + b.area - common);
  };
  const auto f = [&](float x) {
    return c.spec.nms.decay == NmsDecay::kGaussian ? std::exp(-c.spec.nms.sigma * (x * x))
                                                   : 1.0f - x;
  };
  std::vector<TwinInstance> instances;
  for (std::size_t j = 0; j < candidates.size(); ++j) {
    float decay = 1;
    for (std::size_t i = 0; i < j; ++i) {
      float worst = 0;
      for (std::size_t k = 0; k < i; ++k) {
        worst = std::max(worst, iou(candidates[k], candidates[i]));
      }
      const float quotient = f(iou(candidates[i], candidates[j])) / f(worst);
      if (quotient < decay) decay = quotient;
    }
    const float score = candidates[j].score * decay;
    if (score < c.spec.decayed_threshold) continue;
    const std::vector<double> enlarged =
        resized(candidates[j].probabilities, c.height, c.width, c.spec.mask_upsampling * c.height,
                c.spec.mask_upsampling * c.width);
    std::vector<double> cut;
    for (int y = 0; y < c.size.height; ++y) {
      for (int x = 0; x < c.size.width; ++x) {
        cut.push_back(enlarged[y * c.spec.mask_upsampling * c.width + x]);
      }
    }
    const int width = program_width(c);
    const std::vector<double> whole =
        resized(cut, c.size.height, c.size.width, c.image_height, width);
    TwinInstance instance{candidates[j].class_id, score, {}};
    for (int y = 0; y < c.image_height; ++y) {
      for (int x = 0; x < c.image_width; ++x) {
        instance.probabilities.push_back(x < width ? whole[y * width + x] : 0.0);
      }
    }
    instances.push_back(instance);
  }
  std::stable_sort(instances.begin(), instances.end(), best_first);
  if (instances.size() > static_cast<std::size_t>(c.spec.top_k)) instances.resize(c.spec.top_k);
  std::erase_if(instances, [&](const TwinInstance& instance) {
    bool wanted = !c.selection.class_ids;
    if (!wanted) {
      for (const int id : *c.selection.class_ids) wanted = wanted || id == instance.class_id;
    }
    bool empty = true;
    for (const double p : instance.probabilities) empty = empty && !(p > c.spec.mask_threshold);
    return !wanted || empty || instance.score < c.selection.threshold;
  });
  if (c.selection.max_detections > 0 &&
      instances.size() > static_cast<std::size_t>(c.selection.max_detections)) {
    instances.resize(c.selection.max_detections);
  }
  return instances;
}

// Probabilities are sums of 5 products in float32, a sigmoid (16 roundings, slope at most 1/4) and
// two resizes (20 roundings): below 40 times 2^-24.
constexpr double kRounding = 40 * 0x1p-24;

bool expect_twin(const Case& c, const Result& result) {
  const std::vector<TwinInstance> expected = twin(c);
  if (!EXPECT_EQ(result.size(), expected.size())) return false;
  bool same =
      EXPECT_TRUE(result.image_height == c.image_height && result.image_width == c.image_width &&
                  result.boxes.size() == expected.size() && result.masks.size() == expected.size());
  for (std::size_t i = 0; i < expected.size() && same; ++i) {
    same = EXPECT_EQ(result.class_ids[i], expected[i].class_id) &&
           EXPECT_NEAR(result.scores[i], expected[i].score, kRounding);
    const Mask& mask = result.masks[i];
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(c.image_height) * c.image_width);
    mask.write_bitmap(pixels.data(), c.image_width);
    for (std::size_t p = 0; p < pixels.size() && same; ++p) {
      const double value = expected[i].probabilities[p] - c.spec.mask_threshold;
      if (std::abs(value) > kRounding) same = EXPECT_EQ(pixels[p] != 0, value > 0);
    }
    const Region& region = mask.region();
    same = same && EXPECT_TRUE(result.boxes[i] ==
                               (Box{static_cast<float>(region.x), static_cast<float>(region.y),
                                    static_cast<float>(region.x + region.width),
                                    static_cast<float>(region.y + region.height)}));
  }
  return same;
}

TEST(Solov2, IsThatOfTheTwin) {
  const std::unique_ptr<FamilyWorkspace> workspace = make_solov2_workspace();
  const ThreadPool pool(2);
  std::size_t found = 0;
  for (unsigned seed = 0; seed < 12; ++seed) {
    Case c = random_case(seed);
    if (seed % 3 == 0) c.spec.nms.decay = NmsDecay::kLinear;
    if (seed % 4 == 1) c.image_height = 89;  // masks 1 column too narrow
    if (seed % 4 == 2) c.image_height = 91;  // 1 too wide
    if (seed % 4 == 3) {
      c.image_height = 91;
      c.spec.width_by_height_factor = false;
    }
    const Result result = c.detect(pool, *workspace);
    found += result.size();
    if (!expect_twin(c, result)) return;
  }
  EXPECT_TRUE(found > 50);
}

TEST(Solov2, LeavesNothingOutWhereLimitsBind) {
  // The shortcuts (cells below the threshold, classes nobody wants, chunks of pre_nms_top_k) may
  // change nothing.
  const std::vector<int> wanted = {1};
  for (unsigned seed = 20; seed < 30; ++seed) {
    Case c = random_case(seed);
    c.spec.pre_nms_top_k = 7;
    c.selection.threshold = 0.05f;
    if (!expect_twin(c, c.detect())) return;
    c.spec.top_k = 3;
    if (!expect_twin(c, c.detect())) return;
    c.selection.class_ids = wanted;
    if (!expect_twin(c, c.detect())) return;
    c.spec = {.level_strides = {8, 16}};
    if (!expect_twin(c, c.detect())) return;
    c.selection.max_detections = 2;
    if (!expect_twin(c, c.detect())) return;
    c.selection.threshold = 0.5f;
    if (!expect_twin(c, c.detect())) return;
  }
}

TEST(Solov2, KeepsAScoreThatEqualsTheThreshold) {
  Case c = random_case(3);
  const Result all = c.detect();
  ASSERT_TRUE(all.size() > 1);
  c.selection.threshold = all.scores[1];
  EXPECT_EQ(c.detect().size(), std::size_t{2});
  c.selection.threshold = std::nextafter(all.scores[1], 1.0f);
  EXPECT_EQ(c.detect().size(), std::size_t{1});
}

TEST(Solov2, RanksEqualScoresByLevelCellAndClass) {
  Case c = random_case(4);
  for (std::vector<float>& scores : c.scores) scores.assign(scores.size(), 0.0f);
  // All masks are the same, all of it foreground with the probability 1.
  for (std::vector<float>& weights : c.weights) weights.assign(weights.size(), 1.0f);
  c.features.assign(c.features.size(), 10.0f);
  c.scores[1][5 * 3 + 0] = 0.75f;
  c.scores[0][7 * 3 + 2] = 0.75f;
  c.scores[0][7 * 3 + 1] = 0.75f;
  for (const int threads : {1, 4}) {
    const Result result = c.detect(threads);
    ASSERT_EQ(result.size(), std::size_t{3});
    EXPECT_TRUE(result.class_ids == (std::vector<std::int32_t>{1, 2, 0}));
    EXPECT_TRUE(result.boxes[0] == (Box{0, 0, 120, 90}));
  }
}

TEST(Solov2, FindsNothingWhereNothingIs) {
  Case c = random_case(5);
  for (std::vector<float>& scores : c.scores) scores.assign(scores.size(), 0.0f);
  EXPECT_EQ(c.detect().size(), std::size_t{0});
  c = random_case(5);
  c.selection.threshold = 1;
  EXPECT_EQ(c.detect().size(), std::size_t{0});
  c = random_case(5);  // no mask is larger than its level's stride
  c.spec.level_strides = {c.height * c.width, c.height * c.width};
  EXPECT_EQ(c.detect().size(), std::size_t{0});
  EXPECT_EQ(c.detect().image_width, 120);
  c = random_case(5);  // every pixel is background
  c.spec.level_strides = {0, 0};
  c.features.assign(c.features.size(), 0.0f);
  EXPECT_EQ(c.detect().size(), std::size_t{0});
}

TEST(Solov2, OfThinAndSinglePixels) {
  for (const auto& [height, width] : {std::pair{1, 1}, std::pair{1, 4000}, std::pair{3000, 2}}) {
    Case c = random_case(6);
    c.image_height = height;
    c.image_width = width;
    if (height == 1 && width > 1) c.size = {.height = 1, .width = 60};
    if (!expect_twin(c, c.detect(2))) return;
  }
}

TEST(Solov2, DoesNotDependOnThreads) {
  for (unsigned seed = 40; seed < 44; ++seed) {
    Case c = random_case(seed);
    c.selection.threshold = 0.1f;
    const Result one = c.detect(1);
    for (const int threads : {2, 6}) {
      const Result many = c.detect(threads);
      EXPECT_TRUE(one.scores == many.scores);
      EXPECT_TRUE(one.class_ids == many.class_ids);
      EXPECT_TRUE(one.boxes == many.boxes);
      EXPECT_TRUE(one.masks == many.masks);
    }
  }
}

TEST(Solov2, NamesTheTensorThatIsNotFinite) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Case c = random_case(7);
    c.scores[1][8] = bad;
    EXPECT_THROWS(EngineError, "'category_scores_1'", c.detect());
    c = random_case(7);
    c.weights[0][30] = bad;
    EXPECT_THROWS(EngineError, "'kernels_0'", c.detect());
    c = random_case(7);
    c.features[77] = bad;
    EXPECT_THROWS(EngineError, "Tiny gave", c.detect(3));
    EXPECT_THROWS(EngineError, "'mask_features'", c.detect());
  }
}

TEST(Solov2, RefusesFeaturesThatDoNotCoverTheImage) {
  Case c = random_case(8);
  c.size.width = 65;
  EXPECT_THROWS(EngineError, "features of 12 x 16 for an input of 45 x 65", c.detect());
}

}  // namespace
}  // namespace instseg

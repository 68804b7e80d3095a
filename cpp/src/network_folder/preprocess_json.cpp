#include "network_folder/preprocess_json.h"

#include <algorithm>
#include <array>

#include "instseg/errors.h"

namespace instseg {
namespace {

constexpr int kMaxNetworkSide = 16384;

constexpr std::array<std::string_view, 2> kColors = {"bgr", "rgb"};
constexpr std::array<std::string_view, 3> kInterpolations = {"nearest", "bilinear", "bicubic"};
constexpr std::array kInterpolationValues = {Interpolation::kNearest, Interpolation::kBilinear,
                                             Interpolation::kBicubic};

std::array<double, 3> three_numbers(const JsonObject& json, const char* key, double low) {
  const std::vector<double> numbers = json.numbers(key, 3, low, 1e9);
  std::array<double, 3> three;
  std::copy_n(numbers.begin(), 3, three.begin());
  return three;
}

}  // namespace

PreprocessSpec read_preprocess(const JsonObject& json) {
  const JsonObject resize = json.object("resize");
  PreprocessSpec spec;
  spec.height = static_cast<int>(resize.integer("height", 1, kMaxNetworkSide));
  spec.width = static_cast<int>(resize.integer("width", 1, kMaxNetworkSide));
  spec.keep_ratio = resize.boolean("keep_ratio");
  spec.interpolation = kInterpolationValues[resize.one_of("interpolation", kInterpolations)];
  spec.rgb = json.one_of("color", kColors) == 1;
  spec.scale = json.number("scale", 1e-9, 1e9);
  spec.mean = three_numbers(json, "mean", -1e9);
  spec.std = three_numbers(json, "std", 1e-9);
  spec.normalize_before_resize = json.boolean("normalize_before_resize");
  spec.pad_stride = static_cast<int>(json.integer("pad_stride", 1, kMaxNetworkSide));
  try {
    check_preprocess_spec(spec);
  } catch (const InvalidArgument& error) {
    throw ModelError(json.what() + ": " + error.what());
  }
  return spec;
}

}  // namespace instseg

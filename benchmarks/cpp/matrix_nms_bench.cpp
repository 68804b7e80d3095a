// Matrix NMS of masks of 188 x 336 (SOLOv2 on 1080p), and what follows it: one mask through both
// resizes to 1080p.

#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "bench.h"
#include "postprocess/matrix_nms.h"
#include "postprocess/three_tap_kernels.h"
#include "postprocess/twice_resized_mask.h"

namespace {

using namespace instseg;

constexpr int kHeight = 188;
constexpr int kWidth = 336;

// 1 inside an ellipse, falling to 0 around it.
std::vector<float> blob(float y0, float x0, float radius_y, float radius_x) {
  std::vector<float> values;
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const float r = std::hypot((static_cast<float>(y) - y0) / radius_y,
                                 (static_cast<float>(x) - x0) / radius_x);
      values.push_back(1 / (1 + std::exp(10 * (r - 1))));
    }
  }
  values.resize(values.size() + kMaxThreeTapOverread);
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Table table(argc, argv);
  const ThreadPool pool(1);
  for (const int num_masks : {20, 100, 500}) {
    MaskBits masks{.words = {}, .words_per_mask = (kHeight * kWidth + 63) / 64};
    std::vector<std::int64_t> areas;
    std::vector<int> one_class(static_cast<std::size_t>(num_masks), 0);
    std::vector<int> many_classes;
    for (int m = 0; m < num_masks; ++m) {
      const std::vector<float> values =
          blob(static_cast<float>(m * 37 % kHeight), static_cast<float>(m * 61 % kWidth), 40, 60);
      std::vector<std::uint64_t> words(masks.words_per_mask);
      std::int64_t area = 0;
      for (std::size_t i = 0; i < std::size_t{kHeight} * kWidth; ++i) {
        const bool set = values[i] > 0.5f;
        words[i / 64] |= static_cast<std::uint64_t>(set) << (i % 64);
        area += set ? 1 : 0;
      }
      masks.words.insert(masks.words.end(), words.begin(), words.end());
      areas.push_back(area);
      many_classes.push_back(m % 10);
    }
    std::vector<std::uint32_t> order(static_cast<std::size_t>(num_masks));
    std::iota(order.begin(), order.end(), 0u);
    std::vector<float> decays(order.size());
    MatrixNmsWorkspace workspace;
    const double pairs = 0.5 * num_masks * (num_masks - 1);
    const std::string name = "matrix NMS of " + std::to_string(num_masks) + " masks, ";
    table.row(name + "1 class", pairs, [&] {
      matrix_nms(masks, areas, one_class, order, {}, pool, workspace, decays);
      bench::keep(decays);
    });
    table.row(name + "10 classes", pairs / 10, [&] {
      matrix_nms(masks, areas, many_classes, order, {}, pool, workspace, decays);
      bench::keep(decays);
    });
  }

  TwiceResizedGeometry geometry{.image_height = 1080, .image_width = 1920};
  TwiceResizedMaskWorkspace workspace;
  table.row("both axes of 1080p", 1920 + 1080, [&] {
    geometry.rows.assign(kHeight, 4, 750, 1080, 1080);
    geometry.columns.assign(kWidth, 4, 1333, 1920, 1920);
    bench::keep(geometry);
  });
  for (const auto& [name, size] :
       {std::pair{"a mask of 1/40 of 1080p", 15.0f}, std::pair{"a mask of 1/4 of 1080p", 50.0f},
        std::pair{"a mask of all of 1080p", 1000.0f}}) {
    const std::vector<float> values = blob(90, 160, size, 1.6f * size);
    table.row(name, 1920 * 1080, [&] {
      bench::keep(render_twice_resized_mask(values.data(), geometry, 0.5f, workspace));
    });
  }
}

// From image bytes to the network's input, and the resize alone, on one thread and on two.

#include <cstdint>
#include <string>
#include <vector>

#include "bench.h"
#include "preprocess/preprocess.h"

namespace {

using namespace instseg;

struct Case {
  const char* name;
  int height;
  int width;
  PreprocessSpec spec;
};

std::vector<std::uint8_t> noise(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  std::uint32_t state = 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Table table(argc, argv);
  const PreprocessSpec detr;
  PreprocessSpec linear = detr;
  linear.interpolation = Interpolation::kBilinear;
  PreprocessSpec nearest = detr;
  nearest.interpolation = Interpolation::kNearest;
  PreprocessSpec rcnn{.height = 800,
                      .width = 1333,
                      .keep_ratio = true,
                      .mean = {0.485, 0.456, 0.406},
                      .std = {0.229, 0.224, 0.225},
                      .pad_stride = 32};
  PreprocessSpec solov2 = rcnn;
  solov2.interpolation = Interpolation::kBilinear;
  solov2.normalize_before_resize = true;
  const Case cases[] = {
      {"1080p to 640x640 bicubic (Mask-RT-DETR)", 1080, 1920, detr},
      {"1080p to 640x640 bilinear", 1080, 1920, linear},
      {"1080p to 640x640 nearest", 1080, 1920, nearest},
      {"480p to 640x640 bicubic", 480, 640, detr},
      {"12 MP to 640x640 bicubic", 3000, 4000, detr},
      {"1080p to 768x1344 bicubic (R-CNN)", 1080, 1920, rcnn},
      {"1080p to 768x1344 bilinear float32 (SOLOv2)", 1080, 1920, solov2},
  };
  for (const int threads : {1, 2}) {
    const ThreadPool pool(threads);
    PreprocessWorkspace workspace;
    const std::string suffix = ", threads " + std::to_string(threads);
    for (const Case& c : cases) {
      const std::vector<std::uint8_t> pixels =
          noise(static_cast<std::size_t>(c.height) * static_cast<std::size_t>(c.width) * 3);
      const ImageView image{pixels.data(), c.height, c.width, PixelFormat::kBgr};
      const NetworkSize size = network_size(c.spec, c.height, c.width);
      const std::size_t items = static_cast<std::size_t>(size.padded_height) *
                                static_cast<std::size_t>(size.padded_width);
      std::vector<float> out(3 * items);
      table.row(std::string("preprocess ") + c.name + suffix, static_cast<double>(items), [&] {
        preprocess(image, c.spec, out.data(), workspace, pool);
        bench::keep(out[0]);
      });
      if (c.spec.normalize_before_resize) continue;
      std::vector<std::uint8_t> resized(3 * items);
      table.row(std::string("resize     ") + c.name + suffix, static_cast<double>(items), [&] {
        resize(image, size.height, size.width, c.spec.interpolation, resized.data(), workspace,
               pool);
        bench::keep(resized[0]);
      });
    }
  }
  return 0;
}

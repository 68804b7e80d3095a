// Segments one picture: instseg_predict NETWORK_FOLDER PICTURE [THRESHOLD [OVERLAY.ppm]]
// Prints one line per instance: label, score, box, mask area, COCO run lengths.

#include <instseg/instseg.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "overlay.h"
#include "picture.h"

namespace {

void print(const instseg::Result& result, const instseg::PredictorInfo& info) {
  std::printf("%zu instances in %.1f + %.1f + %.1f ms (preprocess, network, postprocess)\n",
              result.size(), result.timings.preprocess_ms, result.timings.network_ms,
              result.timings.postprocess_ms);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const instseg::Box& box = result.boxes[i];
    const std::string& label = info.class_names[static_cast<std::size_t>(result.class_ids[i])];
    std::printf("%s\t%.4f\t%.1f %.1f %.1f %.1f\t%lld\t%s\n", label.c_str(),
                static_cast<double>(result.scores[i]), static_cast<double>(box.x1),
                static_cast<double>(box.y1), static_cast<double>(box.x2),
                static_cast<double>(box.y2), static_cast<long long>(result.masks[i].area()),
                result.masks[i].rle().c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || argc > 5) {
    std::fprintf(stderr, "usage: %s NETWORK_FOLDER PICTURE [THRESHOLD [OVERLAY.ppm]]\n", argv[0]);
    return 2;
  }
  try {
    instseg::PredictOptions options;
    if (argc > 3) options.threshold = std::stof(argv[3]);
    Picture picture = read_picture(argv[2]);
    const instseg::Predictor predictor = instseg::Predictor::load(argv[1]);
    const instseg::Result result = predictor.predict(picture.view(), options);
    print(result, predictor.info());
    if (argc > 4) {
      draw_masks(result, picture);
      write_ppm(argv[4], picture);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}

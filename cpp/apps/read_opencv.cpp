#include <cstring>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>

#include "picture.h"

Picture read_picture(const std::string& path) {
  const cv::Mat bgr = cv::imread(path, cv::IMREAD_COLOR);
  if (bgr.empty()) throw std::runtime_error(path + ": cannot be read as a picture");
  Picture picture{.height = bgr.rows, .width = bgr.cols, .pixels = {}};
  picture.pixels.reserve(bgr.total() * 3);
  for (int y = 0; y < bgr.rows; ++y) {
    const std::uint8_t* row = bgr.ptr<std::uint8_t>(y);
    for (int x = 0; x < bgr.cols; ++x) {
      for (const int channel : {2, 1, 0}) picture.pixels.push_back(row[3 * x + channel]);
    }
  }
  return picture;
}

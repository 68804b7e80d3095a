#pragma once

#include <instseg/image.h>

#include <cstdint>
#include <string>
#include <vector>

// An RGB picture, uint8 [height, width, 3].
struct Picture {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> pixels;

  instseg::ImageView view() const {
    return {.data = pixels.data(),
            .height = height,
            .width = width,
            .format = instseg::PixelFormat::kRgb};
  }
};

// Binary PPM (P6, 8 bits). Both throw std::runtime_error saying what is wrong with which file.
Picture read_ppm(const std::string& path);
void write_ppm(const std::string& path, const Picture& picture);

// Any format that this build reads: read_opencv.cpp, read_libjpeg.cpp or read_ppm_only.cpp.
Picture read_picture(const std::string& path);

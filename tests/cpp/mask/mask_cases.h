#pragma once

// Masks to test with, and the slowest way to read them.

#include <cstdint>
#include <string>
#include <vector>

#include "instseg/mask.h"
#include "testing.h"

namespace instseg::testing {

// uint8 [height, width], 0 or 1.
struct Bytes {
  int height = 0;
  int width = 0;
  std::vector<std::uint8_t> values;

  Bytes(int height_in, int width_in)
      : height(height_in),
        width(width_in),
        values(static_cast<std::size_t>(height_in) * static_cast<std::size_t>(width_in)) {}

  std::uint8_t& at(int y, int x) {
    return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)];
  }
  // 0 outside.
  int get(int y, int x) const {
    if (y < 0 || x < 0 || y >= height || x >= width) return 0;
    return values[static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                  static_cast<std::size_t>(x)];
  }
  bool operator==(const Bytes&) const = default;
};

// Bit by bit; no kernel involved.
inline Mask mask_of(const Bytes& crop, int image_height, int image_width, int x, int y) {
  Mask mask(image_height, image_width, {x, y, crop.width, crop.height});
  for (int r = 0; r < crop.height; ++r) {
    for (int c = 0; c < crop.width; ++c) {
      if (crop.get(r, c) != 0) {
        mask.row(r)[static_cast<std::size_t>(c / 64)] |= std::uint64_t{1} << (c % 64);
      }
    }
  }
  return mask;
}

inline Mask mask_of(const Bytes& image) { return mask_of(image, image.height, image.width, 0, 0); }

// '#' is foreground, rows are separated by spaces.
inline Bytes picture(const std::string& text) {
  std::vector<std::string> rows(1);
  for (const char c : text) {
    if (c == ' ') {
      rows.emplace_back();
    } else {
      rows.back().push_back(c);
    }
  }
  Bytes bytes(static_cast<int>(rows.size()), static_cast<int>(rows[0].size()));
  for (int y = 0; y < bytes.height; ++y) {
    for (int x = 0; x < bytes.width; ++x) {
      bytes.at(y, x) = rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] == '#';
    }
  }
  return bytes;
}

// The whole image, read bit by bit.
inline Bytes bytes_of(const Mask& mask) {
  Bytes bytes(mask.image_height(), mask.image_width());
  const Region& region = mask.region();
  for (int y = 0; y < region.height; ++y) {
    for (int x = 0; x < region.width; ++x) {
      const std::uint64_t word = mask.row(y)[static_cast<std::size_t>(x / 64)];
      bytes.at(region.y + y, region.x + x) = static_cast<std::uint8_t>((word >> (x % 64)) & 1);
    }
  }
  return bytes;
}

// Noise of any density, all, nothing, stripes, checkerboards, or smooth blobs.
inline Bytes random_bytes(int height, int width, Random& random) {
  Bytes bytes(height, width);
  const int kind = random.integer(0, 7);
  const int density = random.integer(0, 100);
  const float fx = random.real(0.02f, 0.4f);
  const float fy = random.real(0.02f, 0.4f);
  const int period = random.integer(1, 70);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      bool set = random.integer(0, 99) < density;
      if (kind == 0) set = true;
      if (kind == 1) set = false;
      if (kind == 2) set = x / period % 2 == 0;
      if (kind == 3) set = y / period % 2 == 0;
      if (kind == 4) set = (x + y) % 2 == 0;
      if (kind == 5)
        set = std::sin(fx * static_cast<float>(x)) + std::sin(fy * static_cast<float>(y)) > 0.3f;
      bytes.at(y, x) = set;
    }
  }
  return bytes;
}

struct MaskCase {
  Bytes image;  // what the mask shows
  Mask mask;
  std::string name;
};

// A mask whose region lies anywhere in an image, often at its edges or filling its height or width.
inline MaskCase random_mask(Random& random, int max_size) {
  const int height = random.integer(1, max_size);
  const int width = random.integer(0, 3) == 0 ? 64 * random.integer(1, 1 + max_size / 64)
                                              : random.integer(1, max_size);
  const auto side = [&](int size, int& begin) {
    int length = random.integer(0, size);
    if (random.integer(0, 2) == 0) length = size;
    begin = random.integer(0, size - length);
    if (random.integer(0, 2) == 0) begin = 0;
    if (random.integer(0, 2) == 0) begin = size - length;
    return length;
  };
  int x = 0;
  int y = 0;
  const int region_height = side(height, y);
  const int region_width = side(width, x);
  const Bytes crop = random_bytes(region_height, region_width, random);
  Bytes image(height, width);
  for (int r = 0; r < region_height; ++r) {
    for (int c = 0; c < region_width; ++c) {
      image.at(y + r, x + c) = static_cast<std::uint8_t>(crop.get(r, c));
    }
  }
  return {image, mask_of(crop, height, width, x, y),
          "image " + std::to_string(height) + "x" + std::to_string(width) + ", region x " +
              std::to_string(x) + " y " + std::to_string(y) + " of " +
              std::to_string(region_height) + "x" + std::to_string(region_width)};
}

}  // namespace instseg::testing

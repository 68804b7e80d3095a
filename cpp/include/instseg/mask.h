#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "instseg/export.h"

namespace instseg {

// A rectangle of whole pixels inside an image: columns x .. x + width - 1, rows y .. y + height
// - 1.
struct Region {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  bool operator==(const Region&) const = default;
};

// A vertex between pixels: pixel (column c, row r) covers [c, c + 1] x [r, r + 1].
struct PolygonVertex {
  int x = 0;
  int y = 0;
  bool operator==(const PolygonVertex&) const = default;
};

// One 4-connected part of a mask: its pixels hang together through shared edges; pixels that only
// touch at a corner belong to different parts. Every ring runs along pixel edges, is closed
// implicitly, turns at every vertex and passes none twice; it starts at the leftmost of its topmost
// vertices. Rings may touch one another in single vertices, nowhere else.
// Seen on a screen (y down) the exterior runs clockwise, holes run counter-clockwise: the shoelace
// sum of x[i] * y[i + 1] - x[i + 1] * y[i] is positive for exteriors, negative for holes.
struct Polygon {
  std::vector<PolygonVertex> exterior;
  std::vector<std::vector<PolygonVertex>> holes;
  bool operator==(const Polygon&) const = default;
};

// A binary mask of a whole image, stored as the bits of the one region that can hold foreground.
// Row y of the region is words_per_row() words of 64 pixels; pixel x is bit x % 64 of word x / 64;
// bits past the region's width are 0. Copyable, plain owned data, free to cross threads.
class INSTSEG_API Mask {
 public:
  Mask() = default;
  // All background. Throws InvalidArgument unless the region lies inside the image, or if the image
  // has more than 2^32 - 1 pixels (the limit of COCO run lengths).
  Mask(int image_height, int image_width, const Region& region);

  // Foreground where crop is not 0. crop is uint8 [region height, region width], rows
  // row_stride_bytes apart (any sign). Throws as the constructor.
  static Mask from_crop(int image_height, int image_width, const Region& region,
                        const std::uint8_t* crop, std::ptrdiff_t row_stride_bytes);

  int image_height() const { return image_height_; }
  int image_width() const { return image_width_; }
  const Region& region() const { return region_; }
  std::size_t words_per_row() const { return words_per_row_; }

  std::span<const std::uint64_t> row(int y) const;  // y counted from the region's first row
  std::span<std::uint64_t> row(int y);

  // Number of foreground pixels.
  std::int64_t area() const;

  // Writes 0 or 1 per pixel. out is uint8 [region height, region width] (crop) or
  // [image height, image width] (bitmap), rows row_stride_bytes apart (any sign).
  void write_crop(std::uint8_t* out, std::ptrdiff_t row_stride_bytes) const;
  void write_bitmap(std::uint8_t* out, std::ptrdiff_t row_stride_bytes) const;

  // COCO run lengths over the whole image in column-major order, starting with background.
  std::vector<std::uint32_t> rle_counts() const;
  // The same as COCO's compressed string; equal byte for byte to pycocotools' `encode`.
  std::string rle() const;

  // Exact outlines along pixel edges in pixels of the image: filling them (holes left out) gives
  // the mask back. Parts, and the holes of each, are in the order of their first vertices (top to
  // bottom, then left to right). Time and memory grow with the region's words plus the vertices.
  // Throws Error where there are more than 2^31 - 1 vertices.
  std::vector<Polygon> polygons() const;

  bool operator==(const Mask&) const = default;

 private:
  int image_height_ = 0;
  int image_width_ = 0;
  Region region_;
  std::size_t words_per_row_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace instseg

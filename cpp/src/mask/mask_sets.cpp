#include "instseg/mask_sets.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <string>

#include "instseg/errors.h"
#include "instseg/mask_geometry.h"

namespace instseg {
namespace {

// 64 pixels of a row from pixel `first` >= 0 on; what lies past the row is 0.
std::uint64_t pixels_from(std::span<const std::uint64_t> row, std::size_t first) {
  const std::size_t word = first / 64;
  const std::size_t shift = first % 64;
  std::uint64_t bits = word < row.size() ? row[word] >> shift : 0;
  if (shift != 0 && word + 1 < row.size()) bits |= row[word + 1] << (64 - shift);
  return bits;
}

// Also right for regions that end beyond int's range.
Region overlap(const Region& a, const Region& b) {
  const auto end = [](int begin, int size) { return static_cast<std::int64_t>(begin) + size; };
  const int x = std::max(a.x, b.x);
  const int y = std::max(a.y, b.y);
  const std::int64_t right = std::min(end(a.x, a.width), end(b.x, b.width));
  const std::int64_t bottom = std::min(end(a.y, a.height), end(b.y, b.height));
  if (right <= x || bottom <= y) return {};
  return {x, y, static_cast<int>(right - x), static_cast<int>(bottom - y)};
}

void check_same_image(const Mask& a, const Mask& b) {
  if (a.image_height() == b.image_height() && a.image_width() == b.image_width()) return;
  const auto size = [](const Mask& mask) {
    return "height " + std::to_string(mask.image_height()) + ", width " +
           std::to_string(mask.image_width());
  };
  throw InvalidArgument("masks of images of different sizes cannot be combined: " + size(a) +
                        " and " + size(b) + "; bring them into one image with moved()");
}

// The smallest region that holds both; one without pixels adds nothing.
Region hull(const Region& a, const Region& b) {
  if (a.width == 0 || a.height == 0) return b;
  if (b.width == 0 || b.height == 0) return a;
  const int x = std::min(a.x, b.x);
  const int y = std::min(a.y, b.y);
  return {x, y, std::max(a.x + a.width, b.x + b.width) - x,
          std::max(a.y + a.height, b.y + b.height) - y};
}

}  // namespace

std::int64_t intersection_area(const Mask& a, const Mask& b) {
  check_same_image(a, b);
  const Region common = overlap(a.region(), b.region());
  std::int64_t pixels = 0;
  for (int y = common.y; y < common.y + common.height; ++y) {
    const std::span<const std::uint64_t> row_a = a.row(y - a.region().y);
    const std::span<const std::uint64_t> row_b = b.row(y - b.region().y);
    // Past the common region at least one of the rows has ended, and reads as 0.
    for (int x = 0; x < common.width; x += 64) {
      const auto first_a = static_cast<std::size_t>(common.x - a.region().x + x);
      const auto first_b = static_cast<std::size_t>(common.x - b.region().x + x);
      pixels += std::popcount(pixels_from(row_a, first_a) & pixels_from(row_b, first_b));
    }
  }
  return pixels;
}

std::int64_t area_inside(const Mask& mask, const Region& region) {
  const Region common = overlap(mask.region(), region);
  std::int64_t pixels = 0;
  for (int y = common.y; y < common.y + common.height; ++y) {
    const std::span<const std::uint64_t> row = mask.row(y - mask.region().y);
    for (int x = 0; x < common.width; x += 64) {
      std::uint64_t bits =
          pixels_from(row, static_cast<std::size_t>(common.x - mask.region().x + x));
      const int left = common.width - x;
      if (left < 64) bits &= (std::uint64_t{1} << left) - 1;
      pixels += std::popcount(bits);
    }
  }
  return pixels;
}

Mask united(std::span<const Mask* const> masks) {
  if (masks.empty()) throw InvalidArgument("there are no masks to unite; give at least one");
  Region whole;
  for (const Mask* mask : masks) {
    check_same_image(*masks[0], *mask);
    whole = hull(whole, foreground_region(*mask));
  }
  Mask out(masks[0]->image_height(), masks[0]->image_width(), whole);
  for (const Mask* mask : masks) {
    const Region common = overlap(mask->region(), whole);
    const auto first = static_cast<std::size_t>(std::max(0, whole.x - mask->region().x));
    const auto to = static_cast<std::size_t>(std::max(0, mask->region().x - whole.x));
    for (int y = common.y; y < common.y + common.height; ++y) {
      const std::span<const std::uint64_t> from = mask->row(y - mask->region().y);
      const std::span<std::uint64_t> row = out.row(y - whole.y);
      for (std::size_t x = 0; x < static_cast<std::size_t>(common.width); x += 64) {
        const std::uint64_t bits = pixels_from(from, first + x);
        const std::size_t word = (to + x) / 64;
        const std::size_t shift = (to + x) % 64;
        row[word] |= bits << shift;
        // No foreground lies past the region, so what does not fit is 0 in the last word.
        if (shift != 0 && word + 1 < row.size()) row[word + 1] |= bits >> (64 - shift);
      }
    }
  }
  return out;
}

Mask moved(const Mask& mask, int image_height, int image_width, int dx, int dy) {
  const Region& region = mask.region();
  const std::int64_t x = static_cast<std::int64_t>(region.x) + dx;
  const std::int64_t y = static_cast<std::int64_t>(region.y) + dy;
  constexpr std::int64_t kMost = std::numeric_limits<int>::max();
  if (x < 0 || y < 0 || x > kMost || y > kMost) {
    throw InvalidArgument("moved: a mask moved by (" + std::to_string(dx) + ", " +
                          std::to_string(dy) + ") would start at column " + std::to_string(x) +
                          ", row " + std::to_string(y) + ", outside the image");
  }
  Mask out(image_height, image_width,
           {static_cast<int>(x), static_cast<int>(y), region.width, region.height});
  for (int row = 0; row < region.height; ++row) {
    std::ranges::copy(mask.row(row), out.row(row).begin());
  }
  return out;
}

}  // namespace instseg

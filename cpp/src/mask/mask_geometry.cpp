// Where a mask's foreground lies.
//
// The smallest rectangle around a convex polygon has a side along one of the polygon's (Freeman and
// Shapira, Determining the minimum-area encasing rectangle for an arbitrary closed curve, 1975), so
// trying the sides of the hull in turn finds it. While the side turns clockwise, the vertices that
// lie farthest along it, away from it and behind it only move on clockwise too ("rotating
// calipers", Toussaint, 1983): all sides together cost a walk around the hull.
#include "instseg/mask_geometry.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace instseg {
namespace {

constexpr int kWordBits = 64;

// First and last foreground pixel of a row, from the region's first column; first > last: none.
struct RowExtent {
  int first = 0;
  int last = -1;
};

RowExtent row_extent(std::span<const std::uint64_t> row) {
  const int words = static_cast<int>(row.size());
  int begin = 0;
  while (begin < words && row[static_cast<std::size_t>(begin)] == 0) ++begin;
  if (begin == words) return {};
  int end = words - 1;
  while (row[static_cast<std::size_t>(end)] == 0) --end;
  return {kWordBits * begin + std::countr_zero(row[static_cast<std::size_t>(begin)]),
          kWordBits * end + kWordBits - 1 - std::countl_zero(row[static_cast<std::size_t>(end)])};
}

// Whole numbers: corners of pixels. All products below fit, as an image has fewer than 2^32 pixels
// and sides below 2^31.
struct Corner {
  std::int64_t x = 0;
  std::int64_t y = 0;
  Corner operator-(const Corner& other) const { return {x - other.x, y - other.y}; }
};

std::int64_t dot(const Corner& a, const Corner& b) { return a.x * b.x + a.y * b.y; }
// Positive where b points clockwise of a, as seen on a screen (y down).
std::int64_t cross(const Corner& a, const Corner& b) { return a.x * b.y - a.y * b.x; }

// The outermost corners of foreground pixels on each line between rows, from top to bottom.
struct Silhouette {
  std::vector<Corner> left;
  std::vector<Corner> right;
};

Silhouette silhouette(const Mask& mask) {
  const Region& region = mask.region();
  Silhouette out;
  RowExtent above;
  for (int y = 0; y <= region.height; ++y) {
    const RowExtent below = y < region.height ? row_extent(mask.row(y)) : RowExtent{};
    const bool has_above = above.last >= above.first;
    const bool has_below = below.last >= below.first;
    if (has_above || has_below) {
      const int left = !has_above   ? below.first
                       : !has_below ? above.first
                                    : std::min(above.first, below.first);
      const int right = std::max(above.last, below.last) + 1;
      const std::int64_t line = std::int64_t{region.y} + y;
      out.left.push_back({std::int64_t{region.x} + left, line});
      out.right.push_back({std::int64_t{region.x} + right, line});
    }
    above = below;
  }
  return out;
}

// Appends a corner to a chain that only turns clockwise; leaves the first `fixed` corners alone.
void extend(std::vector<Corner>& chain, std::size_t fixed, const Corner& corner) {
  while (chain.size() > fixed &&
         cross(chain.back() - chain[chain.size() - 2], corner - chain.back()) <= 0) {
    chain.pop_back();
  }
  chain.push_back(corner);
}

// Vertices of the convex hull, clockwise from the left one of the topmost. Two monotone chains
// (Andrew, Another efficient algorithm for convex hulls in two dimensions, 1979), whose sorting the
// rows have done.
std::vector<Corner> convex_hull(const Silhouette& outline) {
  std::vector<Corner> hull{outline.left.front()};
  for (const Corner& corner : outline.right) extend(hull, 1, corner);
  const std::size_t fixed = hull.size();
  for (std::size_t i = outline.left.size(); i-- > 0;) extend(hull, fixed, outline.left[i]);
  hull.pop_back();  // the first again
  return hull;
}

// The rectangle along one side of the hull: from `origin`, s along `side` from s_min to s_max and
// t across it from 0 to t_max, both in units of 1 / |side|.
struct Rectangle {
  Corner origin;
  Corner side;
  std::int64_t s_min = 0;
  std::int64_t s_max = 0;
  std::int64_t t_max = 0;

  // s and t are whole and below 2^53 in ordinary images, so only the last steps round.
  double area() const {
    return static_cast<double>(s_max - s_min) * static_cast<double>(t_max) /
           static_cast<double>(dot(side, side));
  }
};

Rectangle smallest_rectangle(const std::vector<Corner>& hull) {
  const std::size_t n = hull.size();
  const auto vertex = [&](std::size_t i) -> const Corner& { return hull[i % n]; };
  const auto step = [&](std::size_t i) { return vertex(i + 1) - vertex(i); };
  Rectangle best;
  std::size_t front = 0;
  std::size_t far = 0;
  std::size_t back = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const Corner side = step(i);
    front = std::max(front, i + 1);
    while (dot(side, step(front)) > 0) ++front;
    far = std::max(far, front);
    while (cross(side, step(far)) > 0) ++far;
    back = std::max(back, far);
    while (dot(side, step(back)) < 0) ++back;
    const Corner& origin = vertex(i);
    const Rectangle found{origin, side, dot(side, vertex(back) - origin),
                          dot(side, vertex(front) - origin), cross(side, vertex(far) - origin)};
    if (i == 0 || found.area() < best.area()) best = found;
  }
  return best;
}

std::array<Point, 4> corners(const Rectangle& box) {
  const auto square = static_cast<double>(dot(box.side, box.side));
  const auto place = [&](std::int64_t s, std::int64_t t) {
    const auto along = static_cast<double>(s);
    const auto across = static_cast<double>(t);
    const auto x = static_cast<double>(box.side.x);
    const auto y = static_cast<double>(box.side.y);
    return Point{
        static_cast<float>(static_cast<double>(box.origin.x) + (along * x - across * y) / square),
        static_cast<float>(static_cast<double>(box.origin.y) + (along * y + across * x) / square)};
  };
  std::array<Point, 4> out{place(box.s_min, 0), place(box.s_max, 0), place(box.s_max, box.t_max),
                           place(box.s_min, box.t_max)};
  const auto top = std::ranges::min_element(
      out, [](const Point& a, const Point& b) { return a.y < b.y || (a.y == b.y && a.x < b.x); });
  std::ranges::rotate(out, top);
  return out;
}

// Sum of the positions of the set bits, 0..63: bit plane by bit plane.
std::int64_t sum_of_positions(std::uint64_t word) {
  constexpr std::array<std::uint64_t, 6> kPlanes = {0xaaaaaaaaaaaaaaaau, 0xccccccccccccccccu,
                                                    0xf0f0f0f0f0f0f0f0u, 0xff00ff00ff00ff00u,
                                                    0xffff0000ffff0000u, 0xffffffff00000000u};
  std::int64_t sum = 0;
  for (std::size_t plane = 0; plane < kPlanes.size(); ++plane) {
    sum += static_cast<std::int64_t>(std::popcount(word & kPlanes[plane])) << plane;
  }
  return sum;
}

}  // namespace

Region foreground_region(const Mask& mask) {
  const Region& region = mask.region();
  int left = region.width;
  int right = -1;
  int top = -1;
  int bottom = -1;
  for (int y = 0; y < region.height; ++y) {
    const RowExtent extent = row_extent(mask.row(y));
    if (extent.last < extent.first) continue;
    if (top < 0) top = y;
    bottom = y;
    left = std::min(left, extent.first);
    right = std::max(right, extent.last);
  }
  if (top < 0) return {};
  return {region.x + left, region.y + top, right - left + 1, bottom - top + 1};
}

std::optional<Point> centroid(const Mask& mask) {
  const Region& region = mask.region();
  // Exact: at most 2^32 pixels of coordinates below 2^31.
  std::int64_t count = 0;
  std::int64_t sum_x = 0;
  std::int64_t sum_y = 0;
  for (int y = 0; y < region.height; ++y) {
    const std::span<const std::uint64_t> row = mask.row(y);
    std::int64_t in_row = 0;
    for (std::size_t k = 0; k < row.size(); ++k) {
      if (row[k] == 0) continue;
      const std::int64_t ones = std::popcount(row[k]);
      in_row += ones;
      sum_x += ones * static_cast<std::int64_t>(k) * kWordBits + sum_of_positions(row[k]);
    }
    count += in_row;
    sum_y += in_row * y;
  }
  if (count == 0) return std::nullopt;
  const auto mean = [&](std::int64_t sum, int origin) {
    return static_cast<float>(static_cast<double>(sum) / static_cast<double>(count) + 0.5 + origin);
  };
  return Point{mean(sum_x, region.x), mean(sum_y, region.y)};
}

std::optional<std::array<Point, 4>> oriented_box(const Mask& mask) {
  const Silhouette outline = silhouette(mask);
  if (outline.left.empty()) return std::nullopt;
  return corners(smallest_rectangle(convex_hull(outline)));
}

}  // namespace instseg

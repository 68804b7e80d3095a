// Outlines of a bit mask, traced from corner to corner.
//
// A corner is a point between pixels where an outline turns. Corners are found row by row with word
// operations. The corners of one grid row, from left to right, are in turn the left and the right
// ends of horizontal sides; those of one grid column, from top to bottom, the upper and lower ends
// of vertical sides: so all sides are known after one pass, and rings follow by walking horizontal
// and vertical sides alternately.
//
// Where two foreground pixels touch only at a corner of theirs, two corners lie on one point, one
// per pixel, so that a walk stays with its own pixel: parts are 4-connected. A walk that comes to
// such a point a second time is split there, which leaves rings that pass no point twice.
#include <bit>
#include <limits>
#include <utility>
#include <vector>

#include "instseg/errors.h"
#include "instseg/mask.h"

namespace instseg {
namespace {

constexpr int kNone = -1;

struct Corner {
  int x = 0;  // in pixels from the region's origin
  int y = 0;
  int horizontal = kNone;  // corner at the other end of its horizontal side
  int vertical = kNone;    // ... of its vertical side
  int twin = kNone;        // the other corner on the same point
  // For the corner at the top left of background: the upper end of the vertical side at the left
  // end of the foreground run that ends here; it belongs to the same part.
  int same_part = kNone;
  bool starts_exterior = false;  // at the top left of foreground
};

// The four pixels around the 64 grid points 64 k .. 64 k + 63 of a grid row, as bits.
struct Neighbors {
  std::uint64_t up_left, up_right, down_left, down_right;
};

class CornerScan {
 public:
  explicit CornerScan(const Mask& mask)
      : mask_(mask), open_vertical_(static_cast<std::size_t>(mask.region().width) + 1, kNone) {}

  std::vector<Corner> scan() && {
    const Region& region = mask_.region();
    const std::size_t words = static_cast<std::size_t>(region.width) / 64 + 1;  // width + 1 points
    for (int y = 0; y <= region.height; ++y) {
      const std::span<const std::uint64_t> up = pixels(y - 1);
      const std::span<const std::uint64_t> down = pixels(y);
      std::uint64_t up_carry = 0;
      std::uint64_t down_carry = 0;
      for (std::size_t k = 0; k < words; ++k) {
        Neighbors n;
        n.up_right = k < up.size() ? up[k] : 0;
        n.down_right = k < down.size() ? down[k] : 0;
        n.up_left = n.up_right << 1 | up_carry;
        n.down_left = n.down_right << 1 | down_carry;
        up_carry = n.up_right >> 63;
        down_carry = n.down_right >> 63;
        add_corners(y, k, n);
      }
    }
    return std::move(corners_);
  }

 private:
  std::span<const std::uint64_t> pixels(int y) const {
    if (y < 0 || y >= mask_.region().height) return {};
    return mask_.row(y);
  }

  void add_corners(int y, std::size_t k, const Neighbors& n) {
    const std::uint64_t side_left = n.up_left ^ n.down_left;
    const std::uint64_t side_right = n.up_right ^ n.down_right;
    const std::uint64_t side_up = n.up_left ^ n.up_right;
    const std::uint64_t crossing = side_left & side_right & side_up;  // then side_down is set too
    std::uint64_t points = (side_left ^ side_right) | crossing;
    for (; points != 0; points &= points - 1) {
      const int bit = std::countr_zero(points);
      const auto at = [bit](std::uint64_t word) { return ((word >> bit) & 1) != 0; };
      const int x = static_cast<int>(64 * k) + bit;
      if (at(crossing)) {
        add_crossing(x, y, at(n.up_left));
      } else {
        add_corner(x, y, at(side_left), at(side_up), at(n.down_right));
      }
    }
  }

  void add_corner(int x, int y, bool left, bool up, bool foreground_down_right) {
    const int corner = append(x, y);
    int& open_vertical = open_vertical_[static_cast<std::size_t>(x)];
    if (left) {
      join_horizontal(corner);
    } else {
      open_horizontal_ = corner;
    }
    if (up) {
      join_vertical(corner, open_vertical);
      open_vertical = kNone;
    } else {
      open_vertical = corner;
    }
    if (left || up) return;
    if (foreground_down_right) {
      corners_[corner].starts_exterior = true;
    } else {
      corners_[corner].same_part = left_end_of_run(x, y);
    }
  }

  // Foreground at the upper left and lower right (falling), or at the other two.
  void add_crossing(int x, int y, bool falling) {
    const int first = append(x, y);
    const int second = append(x, y);
    corners_[first].twin = second;
    corners_[second].twin = first;
    int& open_vertical = open_vertical_[static_cast<std::size_t>(x)];
    join_horizontal(first);  // the pixel at the left: upper left or lower left
    if (falling) {
      join_vertical(first, open_vertical);
      open_vertical = second;
      corners_[second].starts_exterior = true;
    } else {
      join_vertical(second, open_vertical);
      open_vertical = first;
    }
    open_horizontal_ = second;
  }

  int append(int x, int y) {
    if (corners_.size() >= static_cast<std::size_t>(std::numeric_limits<int>::max())) {
      throw Error("polygons: the mask has more than 2147483647 corners; use its run lengths");
    }
    Corner corner;
    corner.x = x;
    corner.y = y;
    corners_.push_back(corner);
    return static_cast<int>(corners_.size()) - 1;
  }

  void join_horizontal(int corner) {
    corners_[corner].horizontal = open_horizontal_;
    corners_[open_horizontal_].horizontal = corner;
  }

  void join_vertical(int corner, int upper) {
    corners_[corner].vertical = upper;
    corners_[upper].vertical = corner;
  }

  // The open vertical side at the left end of the foreground run of pixel row y that ends before x.
  // Runs of one row are disjoint, so all searches of a row together pass over it once.
  int left_end_of_run(int x, int y) const {
    const std::span<const std::uint64_t> row = mask_.row(y);
    int last = x - 1;  // a foreground pixel
    for (;;) {
      const int bits = last % 64 + 1;
      const std::uint64_t background = ~row[static_cast<std::size_t>(last / 64)]
                                       << (64 - bits);  // highest bit: pixel `last`
      const int ones = background == 0 ? bits : std::countl_zero(background);
      last -= ones;
      if (ones < bits || last < 0) break;
    }
    return open_vertical_[static_cast<std::size_t>(last) + 1];
  }

  const Mask& mask_;
  std::vector<Corner> corners_;
  int open_horizontal_ = kNone;
  std::vector<int> open_vertical_;  // per grid column: upper end of the side that crosses this row
};

struct Ring {
  std::size_t begin = 0;  // into the list of all vertices
  std::size_t size = 0;
  int part = kNone;
  bool exterior = false;
};

class RingTracer {
 public:
  RingTracer(const std::vector<Corner>& corners, const Region& region)
      : corners_(corners),
        region_(region),
        part_(corners.size(), kNone),
        place_(corners.size(), kNone),
        ring_at_(corners.size(), kNone) {
    vertices_.reserve(corners.size());
  }

  std::vector<Polygon> trace() && {
    for (int start = 0; start < static_cast<int>(corners_.size()); ++start) {
      if (part_[start] != kNone) continue;
      // The first corner of a walk is its uppermost, then leftmost: it starts an exterior or a
      // hole.
      const Corner& corner = corners_[start];
      const int part = corner.starts_exterior ? num_parts_++ : part_[corner.same_part];
      walk(start, part, corner.starts_exterior);
    }
    return polygons();
  }

 private:
  // Foreground stays at the right hand: along the top of an exterior to the right, down the left
  // side of a hole.
  void walk(int start, int part, bool exterior) {
    bool horizontal = exterior;
    int corner = start;
    do {
      const int twin = corners_[corner].twin;
      if (twin != kNone && place_[twin] != kNone) {
        // Back on the point of `twin`: the way since then is the ring of a hole that touches here.
        add_ring(static_cast<std::size_t>(place_[twin]), part, false);
      }
      part_[corner] = part;
      place_[corner] = static_cast<int>(path_.size());
      path_.push_back(corner);
      corner = horizontal ? corners_[corner].horizontal : corners_[corner].vertical;
      horizontal = !horizontal;
    } while (corner != start);
    add_ring(0, part, exterior);
  }

  // Moves path_[begin ...] to a ring that starts with its first corner in scan order.
  void add_ring(std::size_t begin, int part, bool exterior) {
    std::size_t first = begin;
    for (std::size_t i = begin; i < path_.size(); ++i) {
      if (path_[i] < path_[first]) first = i;
    }
    ring_at_[path_[first]] = static_cast<int>(rings_.size());
    rings_.push_back({vertices_.size(), path_.size() - begin, part, exterior});
    for (std::size_t i = first; i < path_.size(); ++i) add_vertex(path_[i]);
    for (std::size_t i = begin; i < first; ++i) add_vertex(path_[i]);
    path_.resize(begin);
  }

  void add_vertex(int corner) {
    place_[corner] = kNone;
    vertices_.push_back({corners_[corner].x + region_.x, corners_[corner].y + region_.y});
  }

  // Corners are in scan order, and so are the rings that start at them.
  std::vector<Polygon> polygons() const {
    std::vector<Polygon> polygons(static_cast<std::size_t>(num_parts_));
    for (const int index : ring_at_) {
      if (index == kNone) continue;
      const Ring& ring = rings_[index];
      const auto begin = vertices_.begin() + static_cast<std::ptrdiff_t>(ring.begin);
      const auto end = begin + static_cast<std::ptrdiff_t>(ring.size);
      Polygon& polygon = polygons[ring.part];
      if (ring.exterior) {
        polygon.exterior.assign(begin, end);
      } else {
        polygon.holes.emplace_back(begin, end);
      }
    }
    return polygons;
  }

  const std::vector<Corner>& corners_;
  const Region region_;
  std::vector<int> part_;     // per corner; kNone = not walked yet
  std::vector<int> place_;    // per corner: its index in path_, while it is there
  std::vector<int> ring_at_;  // per corner: the ring that starts with it
  std::vector<int> path_;     // corners of the walk that are in no ring yet
  std::vector<Ring> rings_;
  std::vector<PolygonVertex> vertices_;
  int num_parts_ = 0;
};

}  // namespace

std::vector<Polygon> Mask::polygons() const {
  const std::vector<Corner> corners = CornerScan(*this).scan();
  return RingTracer(corners, region_).trace();
}

}  // namespace instseg

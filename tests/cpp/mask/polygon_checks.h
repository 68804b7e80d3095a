#pragma once

// What mask.h promises about polygons, checked the slow way.

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "instseg/mask.h"
#include "mask_cases.h"

namespace instseg::testing {

using RingVertices = std::vector<PolygonVertex>;

inline std::pair<int, int> scan_key(const PolygonVertex& vertex) { return {vertex.y, vertex.x}; }

// Twice the signed area.
inline long long shoelace(const RingVertices& ring) {
  long long sum = 0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const PolygonVertex& a = ring[i];
    const PolygonVertex& b = ring[(i + 1) % ring.size()];
    sum += static_cast<long long>(a.x) * b.y - static_cast<long long>(b.x) * a.y;
  }
  return sum;
}

// Even-odd rule: a pixel is inside where a ray from its centre to the left crosses an odd number of
// vertical sides. Toggles the pixels inside the ring.
inline void fill(const RingVertices& ring, Bytes& image) {
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const PolygonVertex& a = ring[i];
    const PolygonVertex& b = ring[(i + 1) % ring.size()];
    if (a.x != b.x) continue;
    for (int y = std::min(a.y, b.y); y < std::max(a.y, b.y); ++y) {
      for (int x = a.x; x < image.width; ++x) image.at(y, x) ^= 1;
    }
  }
}

// 4-connected parts by flood fill, in scan order of their first pixels.
inline std::vector<Bytes> parts_of(const Bytes& image) {
  std::vector<Bytes> parts;
  Bytes seen(image.height, image.width);
  for (int y0 = 0; y0 < image.height; ++y0) {
    for (int x0 = 0; x0 < image.width; ++x0) {
      if (image.get(y0, x0) == 0 || seen.get(y0, x0) != 0) continue;
      Bytes part(image.height, image.width);
      std::vector<std::pair<int, int>> open = {{y0, x0}};
      seen.at(y0, x0) = 1;
      while (!open.empty()) {
        const auto [y, x] = open.back();
        open.pop_back();
        part.at(y, x) = 1;
        const std::pair<int, int> neighbors[] = {{y - 1, x}, {y + 1, x}, {y, x - 1}, {y, x + 1}};
        for (const auto& [ny, nx] : neighbors) {
          if (image.get(ny, nx) == 0 || seen.get(ny, nx) != 0) continue;
          seen.at(ny, nx) = 1;
          open.emplace_back(ny, nx);
        }
      }
      parts.push_back(part);
    }
  }
  return parts;
}

// Empty where the ring keeps its promises, otherwise what is wrong.
inline std::string ring_fault(const RingVertices& ring, bool exterior) {
  if (ring.size() < 4 || ring.size() % 2 != 0) return "a ring has an impossible number of vertices";
  std::set<std::pair<int, int>> passed;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const PolygonVertex& a = ring[i];
    const PolygonVertex& b = ring[(i + 1) % ring.size()];
    const PolygonVertex& c = ring[(i + 2) % ring.size()];
    const bool horizontal = a.y == b.y && a.x != b.x;
    const bool vertical = a.x == b.x && a.y != b.y;
    if (!horizontal && !vertical) return "a side does not run along the grid";
    if (horizontal == (b.y == c.y && b.x != c.x)) return "three vertices lie in one line";
    // Every grid point on the way, so that a ring that touches itself anywhere is found.
    const int steps = std::abs(a.x - b.x) + std::abs(a.y - b.y);
    for (int s = 0; s < steps; ++s) {
      const int x = a.x + (b.x - a.x) / steps * s;
      const int y = a.y + (b.y - a.y) / steps * s;
      if (!passed.insert({x, y}).second) return "a ring passes a point twice";
    }
    if (scan_key(a) < scan_key(ring[0])) return "a ring does not start at its top left vertex";
  }
  if ((shoelace(ring) > 0) != exterior) return "a ring runs the wrong way";
  return "";
}

// Empty where the polygons are right for the image, otherwise what is wrong.
inline std::string polygons_fault(const std::vector<Polygon>& polygons, const Bytes& image) {
  const std::vector<Bytes> parts = parts_of(image);
  if (parts.size() != polygons.size()) {
    return std::to_string(polygons.size()) + " polygons for " + std::to_string(parts.size()) +
           " parts";
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Polygon& polygon = polygons[i];
    Bytes filled(image.height, image.width);
    long long area = shoelace(polygon.exterior);
    std::string fault = ring_fault(polygon.exterior, true);
    fill(polygon.exterior, filled);
    for (std::size_t k = 0; k < polygon.holes.size() && fault.empty(); ++k) {
      const RingVertices& hole = polygon.holes[k];
      fault = ring_fault(hole, false);
      area += shoelace(hole);
      fill(hole, filled);
      if (k > 0 && scan_key(polygon.holes[k - 1][0]) >= scan_key(hole[0])) {
        fault = "holes are out of order";
      }
    }
    if (!fault.empty()) return fault;
    if (filled != parts[i]) return "a filled polygon is not its part";
    // Holes neither overlap nor leave the exterior, or the sum of areas would differ.
    long long pixels = 0;
    for (const std::uint8_t value : parts[i].values) pixels += value;
    if (area != 2 * pixels) return "the areas of a polygon's rings do not add up";
  }
  return "";
}

}  // namespace instseg::testing

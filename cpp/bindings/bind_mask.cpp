#include <pybind11/operators.h>
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings.h"
#include "instseg/errors.h"
#include "instseg/mask.h"
#include "instseg/mask_geometry.h"
#include "instseg/mask_sets.h"

namespace instseg::python {
namespace {

Mask from_crop(int image_height, int image_width, int x, int y, const py::array& crop) {
  if (crop.ndim() != 2 || crop.itemsize() != 1 ||
      (crop.dtype().kind() != 'u' && crop.dtype().kind() != 'b')) {
    throw InvalidArgument("the crop has dtype " + py::str(crop.dtype()).cast<std::string>() +
                          " and " + std::to_string(crop.ndim()) +
                          " dimensions, expected uint8 or bool [height, width]");
  }
  const auto pixels =
      py::array_t<std::uint8_t, py::array::forcecast>::ensure(crop.attr("view")("uint8"));
  const auto at = pixels.unchecked<2>();
  Mask mask(image_height, image_width,
            {x, y, static_cast<int>(crop.shape(1)), static_cast<int>(crop.shape(0))});
  for (int row = 0; row < mask.region().height; ++row) {
    const std::span<std::uint64_t> words = mask.row(row);
    for (int column = 0; column < mask.region().width; ++column) {
      words[static_cast<std::size_t>(column) / 64] |= std::uint64_t{at(row, column) != 0}
                                                      << (column % 64);
    }
  }
  return mask;
}

py::array_t<bool> crop(const Mask& mask) {
  const Region& region = mask.region();
  py::array_t<bool> out({region.height, region.width});
  auto* data = reinterpret_cast<std::uint8_t*>(out.mutable_data());
  const py::gil_scoped_release nogil;
  mask.write_crop(data, region.width);
  return out;
}

py::array_t<bool> bitmap(const Mask& mask) {
  py::array_t<bool> out({mask.image_height(), mask.image_width()});
  auto* data = reinterpret_cast<std::uint8_t*>(out.mutable_data());
  const py::gil_scoped_release nogil;
  mask.write_bitmap(data, mask.image_width());
  return out;
}

py::array_t<std::uint32_t> rle_counts(const Mask& mask) {
  std::vector<std::uint32_t> counts;
  {
    const py::gil_scoped_release nogil;
    counts = mask.rle_counts();
  }
  return py::array_t<std::uint32_t>(static_cast<py::ssize_t>(counts.size()), counts.data());
}

py::array_t<std::int32_t> vertices(const std::vector<PolygonVertex>& ring) {
  static_assert(sizeof(PolygonVertex) == 2 * sizeof(std::int32_t));
  py::array_t<std::int32_t> out({static_cast<py::ssize_t>(ring.size()), py::ssize_t{2}});
  std::copy(ring.begin(), ring.end(), reinterpret_cast<PolygonVertex*>(out.mutable_data()));
  return out;
}

py::typing::List<py::typing::List<py::array_t<std::int32_t>>> polygons(const Mask& mask) {
  std::vector<Polygon> found;
  {
    const py::gil_scoped_release nogil;
    found = mask.polygons();
  }
  py::list parts;
  for (const Polygon& part : found) {
    py::list rings;
    rings.append(vertices(part.exterior));
    for (const auto& hole : part.holes) rings.append(vertices(hole));
    parts.append(rings);
  }
  return parts;
}

// What pickle keeps of a mask: its place, and the bits of its region as bytes.
py::tuple pickled(const Mask& mask) {
  const Region& region = mask.region();
  std::string bits;
  for (int y = 0; y < region.height; ++y) {
    const std::span<const std::uint64_t> words = mask.row(y);
    bits.append(reinterpret_cast<const char*>(words.data()), words.size_bytes());
  }
  return py::make_tuple(mask.image_height(), mask.image_width(), region.x, region.y, region.width,
                        region.height, py::bytes(bits));
}

Mask unpickled(const py::tuple& state) {
  const auto check = [](bool right) {
    if (!right) throw InvalidArgument("this is not the pickled state of a Mask");
  };
  check(state.size() == 7);
  const auto number = [&](std::size_t i) { return state[i].cast<int>(); };
  Mask mask(number(0), number(1),
            {.x = number(2), .y = number(3), .width = number(4), .height = number(5)});
  const auto bits = state[6].cast<std::string>();
  const Region& region = mask.region();
  const std::size_t row_bytes = mask.words_per_row() * sizeof(std::uint64_t);
  check(bits.size() == row_bytes * static_cast<std::size_t>(region.height));
  for (int y = 0; y < region.height; ++y) {
    const std::span<std::uint64_t> words = mask.row(y);
    if (words.empty()) continue;
    std::memcpy(words.data(), bits.data() + static_cast<std::size_t>(y) * row_bytes, row_bytes);
    check(region.width % 64 == 0 || words.back() >> (region.width % 64) == 0);
  }
  return mask;
}

std::tuple<int, int, int, int> numbers(const Region& region) {
  return {region.x, region.y, region.width, region.height};
}

std::optional<std::pair<float, float>> centre(const Mask& mask) {
  const std::optional<Point> found = centroid(mask);
  if (!found) return std::nullopt;
  return std::pair(found->x, found->y);
}

std::optional<py::array_t<float>> rectangle(const Mask& mask) {
  static_assert(sizeof(Point) == 2 * sizeof(float));
  const std::optional<std::array<Point, 4>> found = oriented_box(mask);
  if (!found) return std::nullopt;
  py::array_t<float> out({4, 2});
  std::ranges::copy(*found, reinterpret_cast<Point*>(out.mutable_data()));
  return out;
}

Mask unite(const std::vector<const Mask*>& masks) {
  if (std::ranges::find(masks, nullptr) != masks.end()) {
    throw InvalidArgument("a list of masks to unite holds None; give masks only");
  }
  const py::gil_scoped_release nogil;
  return united(masks);
}

}  // namespace

void bind_mask(py::module_& m) {
  py::class_<Mask>(m, "Mask", "A binary mask of one image, stored as the bits of a region.")
      .def_static(
          "from_crop", &from_crop, py::arg("image_height"), py::arg("image_width"), py::arg("x"),
          py::arg("y"), py::arg("crop"),
          "uint8 or bool [h, w], not 0 = foreground, placed with its first pixel at (x, y).\n"
          "Raises InvalidArgument unless it lies inside the image.")
      .def_property_readonly(
          "image_size",
          [](const Mask& mask) { return std::pair(mask.image_height(), mask.image_width()); },
          "(height, width) of the image.")
      .def_property_readonly(
          "region", [](const Mask& mask) { return numbers(mask.region()); },
          "(x, y, width, height) of the part of the image that can hold foreground.")
      .def("crop", &crop, "bool [region height, region width].")
      .def("bitmap", &bitmap, "bool [image height, image width].")
      .def("rle", &Mask::rle, py::call_guard<py::gil_scoped_release>(),
           "COCO compressed run lengths of the whole image, as pycocotools' `counts`.")
      .def("rle_counts", &rle_counts,
           "uint32 [runs]: column-major run lengths of the whole image, background first.")
      .def("area", &Mask::area, py::call_guard<py::gil_scoped_release>(),
           "Number of foreground pixels.")
      .def(
          "extent", [](const Mask& mask) { return numbers(foreground_region(mask)); },
          "(x, y, width, height) of the smallest region that holds all foreground; zeros where\n"
          "there is none.")
      .def("centroid", &centre,
           "(x, y), the mean of the foreground pixels' centres; None where there is none.")
      .def("oriented_box", &rectangle,
           "float32 [4, 2]: corners x, y of the smallest rectangle at any angle that holds all\n"
           "foreground pixels, clockwise from the topmost; None where there is none.")
      .def("intersection_area", &intersection_area, py::arg("other"),
           py::call_guard<py::gil_scoped_release>(),
           "Number of foreground pixels that both share; the images must have one size.")
      .def(
          "area_inside",
          [](const Mask& mask, int x, int y, int width, int height) {
            return area_inside(mask, {x, y, width, height});
          },
          py::arg("x"), py::arg("y"), py::arg("width"), py::arg("height"),
          "Number of foreground pixels inside a rectangle of whole pixels.")
      .def("moved", &moved, py::arg("image_height"), py::arg("image_width"), py::arg("dx"),
           py::arg("dy"), py::call_guard<py::gil_scoped_release>(),
           "The mask as part of another image: pixel (x, y) comes to (x + dx, y + dy).")
      .def_static("united", &unite, py::arg("masks"),
                  "Foreground where any of the masks, all of one image size, has it.")
      .def("polygons", &polygons,
           "Exact outlines along pixel edges: per part the exterior, then its holes; each int32\n"
           "[n, 2] of x, y. Filling the exterior without the holes gives the mask back.")
      .def(py::self == py::self)
      .def(py::pickle(&pickled, &unpickled));
}

}  // namespace instseg::python

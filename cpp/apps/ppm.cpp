#include <cstddef>
#include <fstream>
#include <limits>
#include <stdexcept>

#include "picture.h"

namespace {

constexpr std::int64_t kMaxPixels = 178'956'970;

// The next number of the header; comments start with # and end with the line.
int read_number(std::istream& in, const std::string& path) {
  in >> std::ws;
  while (in.peek() == '#') {
    in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    in >> std::ws;
  }
  int number = 0;
  if (!(in >> number) || number < 1) throw std::runtime_error(path + ": damaged PPM header");
  return number;
}

}  // namespace

Picture read_ppm(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error(path + ": cannot be opened");
  std::string magic(2, ' ');
  in.read(magic.data(), 2);
  if (magic != "P6") throw std::runtime_error(path + ": not a binary PPM (P6)");
  Picture picture;
  picture.width = read_number(in, path);
  picture.height = read_number(in, path);
  if (read_number(in, path) != 255) throw std::runtime_error(path + ": not 8 bits per sample");
  if (std::int64_t{picture.width} * picture.height > kMaxPixels) {
    throw std::runtime_error(path + ": more than " + std::to_string(kMaxPixels) + " pixels");
  }
  in.get();  // the one byte between header and pixels
  picture.pixels.resize(std::size_t{3} * static_cast<std::size_t>(picture.width) *
                        static_cast<std::size_t>(picture.height));
  if (!in.read(reinterpret_cast<char*>(picture.pixels.data()),
               static_cast<std::streamsize>(picture.pixels.size()))) {
    throw std::runtime_error(path + ": truncated");
  }
  return picture;
}

void write_ppm(const std::string& path, const Picture& picture) {
  std::ofstream out(path, std::ios::binary);
  out << "P6\n" << picture.width << ' ' << picture.height << "\n255\n";
  out.write(reinterpret_cast<const char*>(picture.pixels.data()),
            static_cast<std::streamsize>(picture.pixels.size()));
  if (!out.flush()) throw std::runtime_error(path + ": cannot be written");
}

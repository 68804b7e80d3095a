#include <cstddef>
#include <cstdio>

// jpeglib.h needs the two above.
#include <jpeglib.h>

#include <memory>
#include <stdexcept>

#include "picture.h"

namespace {

// libjpeg must not return after an error: leave by an exception with its message.
[[noreturn]] void throw_message(j_common_ptr info) {
  char message[JMSG_LENGTH_MAX];
  info->err->format_message(info, message);
  throw std::runtime_error(message);
}

// Warnings (a truncated file is one) are errors too: no grey areas instead of a picture.
void throw_warning(j_common_ptr info, int level) {
  if (level < 0) throw_message(info);
}

class Decompressor {
 public:
  Decompressor() {
    info.err = jpeg_std_error(&errors_);
    errors_.error_exit = throw_message;
    errors_.emit_message = throw_warning;
    jpeg_create_decompress(&info);
  }
  ~Decompressor() { jpeg_destroy_decompress(&info); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  jpeg_decompress_struct info{};

 private:
  jpeg_error_mgr errors_{};
};

Picture read_jpeg(std::FILE* file) {
  Decompressor jpeg;
  jpeg_stdio_src(&jpeg.info, file);
  jpeg_read_header(&jpeg.info, TRUE);
  jpeg.info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&jpeg.info);
  Picture picture{.height = static_cast<int>(jpeg.info.output_height),
                  .width = static_cast<int>(jpeg.info.output_width),
                  .pixels = {}};
  const std::size_t row_size = std::size_t{3} * jpeg.info.output_width;
  picture.pixels.resize(row_size * jpeg.info.output_height);
  while (jpeg.info.output_scanline < jpeg.info.output_height) {
    JSAMPROW row = picture.pixels.data() + row_size * jpeg.info.output_scanline;
    jpeg_read_scanlines(&jpeg.info, &row, 1);
  }
  jpeg_finish_decompress(&jpeg.info);
  return picture;
}

}  // namespace

Picture read_picture(const std::string& path) {
  if (path.ends_with(".ppm")) return read_ppm(path);
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (!file) throw std::runtime_error(path + ": cannot be opened");
  try {
    return read_jpeg(file.get());
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(path + ": " + error.what());
  }
}

#include "image/image_check.h"

#include <cstdint>
#include <limits>
#include <string>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

std::uint8_t pixels[64];

ImageView view(int height, int width, PixelFormat format, std::ptrdiff_t stride = 0) {
  return {pixels, height, width, format, stride};
}

TEST(ImageCheck, AcceptsEveryFormatAndStride) {
  for (const PixelFormat format : {PixelFormat::kBgr, PixelFormat::kRgb, PixelFormat::kGray,
                                   PixelFormat::kBgra, PixelFormat::kRgba}) {
    check_image(view(1, 1, format));
    check_image(view(2, 3, format));
    check_image(view(2, 3, format, 3 * num_channels(format)));
    check_image(view(2, 3, format, 3 * num_channels(format) + 5));
    check_image(view(2, 3, format, -3 * num_channels(format)));
  }
}

TEST(ImageCheck, NamesANullPointer) {
  EXPECT_THROWS(InvalidArgument, "null", check_image({nullptr, 2, 2, PixelFormat::kBgr, 0}));
}

TEST(ImageCheck, NamesAnEmptySize) {
  EXPECT_THROWS(InvalidArgument, "0 x 3", check_image(view(0, 3, PixelFormat::kBgr)));
  EXPECT_THROWS(InvalidArgument, "3 x 0", check_image(view(3, 0, PixelFormat::kBgr)));
  EXPECT_THROWS(InvalidArgument, "-1 x 3", check_image(view(-1, 3, PixelFormat::kBgr)));
  // Said before the pointer, which an empty array leaves null.
  EXPECT_THROWS(InvalidArgument, "0 x 0", check_image({nullptr, 0, 0, PixelFormat::kBgr, 0}));
}

TEST(ImageCheck, NamesAStrideThatMakesRowsOverlap) {
  EXPECT_THROWS(InvalidArgument, "8 bytes", check_image(view(2, 3, PixelFormat::kBgr, 8)));
  EXPECT_THROWS(InvalidArgument, "needs 9", check_image(view(2, 3, PixelFormat::kBgr, -8)));
  EXPECT_THROWS(InvalidArgument, "needs 12", check_image(view(2, 3, PixelFormat::kRgba, 11)));
}

TEST(ImageCheck, NamesAStrideThatLeavesTheMemory) {
  const auto most = std::numeric_limits<std::ptrdiff_t>::max();
  check_image(view(2, 3, PixelFormat::kBgr, most / 2));
  for (const std::ptrdiff_t stride : {most, most / 2 + 1, -most, -most - 1, -most / 2 - 1}) {
    EXPECT_THROWS(InvalidArgument, std::to_string(stride) + " bytes, but 2 rows so far apart",
                  check_image(view(2, 3, PixelFormat::kBgr, stride)));
  }
}

TEST(ImageCheck, NamesAnUnknownFormat) {
  EXPECT_THROWS(InvalidArgument, "format 17",
                check_image(view(2, 3, static_cast<PixelFormat>(17))));
}

TEST(ImageCheck, NamesARowThatIsTooLong) {
  const int wide = std::numeric_limits<int>::max();
  check_image(view(1, wide, PixelFormat::kGray));
  EXPECT_THROWS(InvalidArgument, "2 GiB", check_image(view(1, wide, PixelFormat::kBgr)));
}

TEST(ImageRow, FollowsTheStride) {
  EXPECT_TRUE(image_row(view(3, 2, PixelFormat::kBgr), 2) == pixels + 12);
  EXPECT_TRUE(image_row(view(3, 2, PixelFormat::kBgr, 10), 2) == pixels + 20);
  ImageView upside_down = view(3, 2, PixelFormat::kGray, -4);
  upside_down.data = pixels + 8;
  EXPECT_TRUE(image_row(upside_down, 2) == pixels);
}

}  // namespace
}  // namespace instseg

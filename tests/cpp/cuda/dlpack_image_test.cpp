#include "cuda/dlpack_image.h"

#include <vector>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

struct Given {
  std::vector<std::uint8_t> memory = std::vector<std::uint8_t>(64);
  std::vector<std::int64_t> shape = {4, 5, 3};
  std::vector<std::int64_t> strides;
  dlpack::Tensor tensor;

  const dlpack::Tensor& made() {
    tensor.data = memory.data();
    tensor.ndim = static_cast<std::int32_t>(shape.size());
    tensor.shape = shape.data();
    tensor.strides = strides.empty() ? nullptr : strides.data();
    return tensor;
  }
};

Given picture() {
  Given given;
  given.tensor.device = {.type = dlpack::kCuda, .id = 1};
  given.tensor.dtype = {.code = dlpack::kUnsigned, .bits = 8, .lanes = 1};
  return given;
}

TEST(DlpackImage, BorrowsAPicture) {
  Given given = picture();
  given.tensor.byte_offset = 2;
  const DeviceImage image = device_image(given.made(), /*rgb=*/true);
  EXPECT_EQ(image.device, 1);
  EXPECT_TRUE(image.view.data == given.memory.data() + 2);
  EXPECT_EQ(image.view.height, 4);
  EXPECT_EQ(image.view.width, 5);
  EXPECT_TRUE(image.view.format == PixelFormat::kRgb);
  EXPECT_EQ(image.view.row_stride_bytes, std::ptrdiff_t{0});
}

TEST(DlpackImage, TakesGapsBetweenRowsAndRowsThatRunUpwards) {
  Given given = picture();
  given.strides = {16, 3, 1};
  EXPECT_EQ(device_image(given.made(), false).view.row_stride_bytes, std::ptrdiff_t{16});
  given.strides[0] = -15;
  EXPECT_EQ(device_image(given.made(), false).view.row_stride_bytes, std::ptrdiff_t{-15});
}

TEST(DlpackImage, TakesGreyWithAndWithoutAnAxisOfChannels) {
  Given given = picture();
  given.tensor.device.type = dlpack::kCudaManaged;
  given.shape = {6, 7};
  given.strides = {7, 1};
  const ImageView flat = device_image(given.made(), false).view;
  EXPECT_EQ(flat.width, 7);
  EXPECT_TRUE(flat.format == PixelFormat::kGray);
  given.shape = {6, 7, 1};
  given.strides = {7, 1, 1};
  EXPECT_EQ(device_image(given.made(), true).view.height, 6);
  EXPECT_TRUE(device_image(given.made(), true).view.format == PixelFormat::kGray);
}

TEST(DlpackImage, KnowsTheFormatByTheNumberOfChannels) {
  Given given = picture();
  EXPECT_TRUE(device_image(given.made(), false).view.format == PixelFormat::kBgr);
  given.shape = {4, 4, 4};
  EXPECT_TRUE(device_image(given.made(), false).view.format == PixelFormat::kBgra);
  EXPECT_TRUE(device_image(given.made(), true).view.format == PixelFormat::kRgba);
}

TEST(DlpackImage, RefusesWhatIsNoPictureOnAGpu) {
  const auto refused = [](const char* part, auto change) {
    Given given = picture();
    change(given);
    EXPECT_THROWS(InvalidArgument, part, device_image(given.made(), false));
  };
  refused("device of type 1", [](Given& given) { given.tensor.device.type = dlpack::kCpu; });
  refused("type code 2 of 32 bits", [](Given& given) { given.tensor.dtype = {}; });
  refused("4 lanes", [](Given& given) { given.tensor.dtype.lanes = 4; });
  refused("has the shape [4, 5, 2]", [](Given& given) { given.shape = {4, 5, 2}; });
  refused("has the shape [3, 4, 5]", [](Given& given) { given.shape = {3, 4, 5}; });
  refused("has the shape [0, 5, 3]", [](Given& given) { given.shape = {0, 5, 3}; });
  refused("has 1 dimensions", [](Given& given) { given.shape = {20}; });
  refused("follow one another", [](Given& given) {
    given.shape = {4, 5};
    given.strides = {5, 3};
  });
  refused("has 4 dimensions", [](Given& given) { given.shape = {1, 4, 5, 3}; });
  refused("follow one another", [](Given& given) { given.strides = {15, 1, 5}; });
  refused("follow one another", [](Given& given) { given.strides = {30, 6, 1}; });
  refused("rows overlap", [](Given& given) { given.strides = {0, 3, 1}; });
  refused("row stride is 14", [](Given& given) { given.strides = {14, 3, 1}; });
}

TEST(DlpackImage, RefusesNoData) {
  Given given = picture();
  given.made();
  given.tensor.data = nullptr;
  EXPECT_THROWS(InvalidArgument, "has no data", device_image(given.tensor, false));
}

}  // namespace
}  // namespace instseg

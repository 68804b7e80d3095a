#include "cuda/dlpack_tensor.h"

#include <array>
#include <memory>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

TEST(DlpackTensor, DescribesFloatsOnAGpu) {
  std::array<float, 24> values{};
  const std::array<std::int64_t, 3> shape = {2, 3, 4};
  dlpack::ManagedTensor* const made = dlpack_tensor(values.data(), shape, 3, nullptr);
  const dlpack::Tensor& tensor = made->tensor;
  EXPECT_TRUE(tensor.data == values.data());
  EXPECT_EQ(tensor.device.type, dlpack::kCuda);
  EXPECT_EQ(tensor.device.id, 3);
  EXPECT_EQ(tensor.ndim, 3);
  EXPECT_EQ(int{tensor.dtype.code}, int{dlpack::kFloat});
  EXPECT_EQ(int{tensor.dtype.bits}, 32);
  EXPECT_EQ(int{tensor.dtype.lanes}, 1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(tensor.shape[i], shape[static_cast<std::size_t>(i)]);
  EXPECT_EQ(tensor.strides[0], std::int64_t{12});
  EXPECT_EQ(tensor.strides[1], std::int64_t{4});
  EXPECT_EQ(tensor.strides[2], std::int64_t{1});
  EXPECT_EQ(tensor.byte_offset, std::uint64_t{0});
  made->deleter(made);
}

TEST(DlpackTensor, KeepsItsOwnerUntilTheReceiverLetsGo) {
  auto owner = std::make_shared<std::array<float, 2>>();
  const std::weak_ptr<void> watched = owner;
  float* const values = owner->data();
  const std::array<std::int64_t, 1> shape = {2};
  dlpack::ManagedTensor* const made = dlpack_tensor(values, shape, 0, std::move(owner));
  EXPECT_TRUE(!watched.expired());
  made->deleter(made);
  EXPECT_TRUE(watched.expired());
}

TEST(DlpackTensor, RefusesNoValuesAndNegativeSides) {
  float value = 0;
  const std::array<std::int64_t, 2> shape = {1, -1};
  EXPECT_THROWS(InvalidArgument, "not negative", dlpack_tensor(&value, shape, 0, nullptr));
  EXPECT_THROWS(InvalidArgument, "they are null", dlpack_tensor(nullptr, {}, 0, nullptr));
}

}  // namespace
}  // namespace instseg

#include "cuda/dlpack_tensor.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "instseg/errors.h"

namespace instseg {
namespace {

// What the tensor points to; lives until its deleter is called.
struct Holder {
  dlpack::ManagedTensor managed;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // many receivers want them, although null would do
  std::shared_ptr<void> owner;
};

void release(dlpack::ManagedTensor* tensor) {
  delete static_cast<Holder*>(tensor->manager_context);
}

}  // namespace

dlpack::ManagedTensor* dlpack_tensor(float* values, std::span<const std::int64_t> shape, int device,
                                     std::shared_ptr<void> owner) {
  const bool bad_side = std::any_of(shape.begin(), shape.end(), [](auto side) { return side < 0; });
  if (values == nullptr || bad_side) {
    throw InvalidArgument(std::string("A DLPack tensor needs ") +
                          (bad_side ? "sides that are not negative." : "values; they are null."));
  }
  auto holder = std::make_unique<Holder>();
  holder->shape.assign(shape.begin(), shape.end());
  holder->strides.resize(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    holder->strides[i] = stride;
    stride *= shape[i];
  }
  holder->owner = std::move(owner);
  dlpack::ManagedTensor& managed = holder->managed;
  managed.tensor = {.data = values,
                    .device = {.type = dlpack::kCuda, .id = device},
                    .ndim = static_cast<std::int32_t>(shape.size()),
                    .dtype = {.code = dlpack::kFloat, .bits = 32, .lanes = 1},
                    .shape = holder->shape.data(),
                    .strides = holder->strides.data(),
                    .byte_offset = 0};
  managed.manager_context = holder.get();
  managed.deleter = release;
  return &holder.release()->managed;
}

}  // namespace instseg

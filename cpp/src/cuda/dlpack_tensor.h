#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "cuda/dlpack.h"

namespace instseg {

// Hands float32 values in memory of GPU `device` to another library, C order without gaps.
//   owner  keeps the memory alive; let go when the receiver calls the tensor's deleter, from
//          whatever thread
// The receiver owns the result and must call its deleter once.
// Throws InvalidArgument for a null pointer or a negative side.
dlpack::ManagedTensor* dlpack_tensor(float* values, std::span<const std::int64_t> shape, int device,
                                     std::shared_ptr<void> owner);

}  // namespace instseg

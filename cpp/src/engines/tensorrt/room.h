#pragma once

#include <cstddef>
#include <memory>

#include "engines/tensorrt/device.h"

namespace instseg::tensorrt {

// `memory`, with room for so many bytes: allocated anew, without what was in it, where it has less.
// Nothing that is queued may use it.
template <typename T = std::byte>
T* device_room(std::unique_ptr<Memory>& memory, const Device& device, std::size_t size) {
  if (memory == nullptr || memory->size() < size) {
    memory.reset();  // first: there may not be memory for both
    memory = device.allocate(size);
  }
  return static_cast<T*>(memory->data());
}

template <typename T = std::byte>
T* pinned_room(std::unique_ptr<Memory>& memory, const Device& device, std::size_t size) {
  if (memory == nullptr || memory->size() < size) {
    memory.reset();
    memory = device.allocate_pinned(size);
  }
  return static_cast<T*>(memory->data());
}

}  // namespace instseg::tensorrt

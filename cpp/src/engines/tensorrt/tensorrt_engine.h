#pragma once

#include <memory>
#include <string>

#include "engines/engine.h"
#include "engines/tensorrt/adapter_api.h"
#include "engines/tensorrt/device.h"
#include "engines/tensorrt/kernels.h"

namespace instseg {

// TensorRT on NVIDIA GPUs. This library holds the engine in every build; it can be used where an
// adapter for a version of TensorRT lies beside the library, that version's libraries are found,
// and there is a GPU. info() says which of these are missing and where they were looked for.
std::unique_ptr<Engine> make_tensorrt_engine();

namespace tensorrt {

// What the engine works with; `problem` says what is missing where adapter or driver is null.
struct Parts {
  std::shared_ptr<Adapter> adapter;
  std::shared_ptr<const Driver> driver;
  std::string problem;
  std::shared_ptr<const Kernels> kernels;  // null in a build without them
};
std::unique_ptr<Engine> make_engine(Parts parts);

}  // namespace tensorrt
}  // namespace instseg

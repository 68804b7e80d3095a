#pragma once

#include "bindings.h"
#include "cuda/dlpack.h"

namespace instseg::python {

// The tensor of a DLPack capsule ("dltensor", or "dltensor_versioned" of DLPack 1), taken over: its
// deleter is called at the end of this object's life. The interpreter lock is held at both ends.
class DlpackCapsule {
 public:
  // Throws InvalidArgument for what is no such capsule, was used before, or is of another version.
  explicit DlpackCapsule(const py::object& capsule);
  ~DlpackCapsule();
  DlpackCapsule(const DlpackCapsule&) = delete;
  DlpackCapsule& operator=(const DlpackCapsule&) = delete;

  const dlpack::Tensor& tensor() const { return plain_ ? plain_->tensor : versioned_->tensor; }

 private:
  dlpack::ManagedTensor* plain_ = nullptr;  // one of the two
  dlpack::ManagedTensorVersioned* versioned_ = nullptr;
};

}  // namespace instseg::python

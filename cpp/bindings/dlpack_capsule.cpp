#include "dlpack_capsule.h"

#include "instseg/errors.h"

namespace instseg::python {
namespace {

constexpr const char* kPlain = "dltensor";
constexpr const char* kVersioned = "dltensor_versioned";
constexpr const char* kUsedPlain = "used_dltensor";
constexpr const char* kUsedVersioned = "used_dltensor_versioned";
constexpr std::uint32_t kMajor = 1;

template <typename Managed>
void release(Managed* managed) {
  if (managed != nullptr && managed->deleter != nullptr) managed->deleter(managed);
}

// The capsule's tensor, which is then ours: by its new name the producer knows.
template <typename Managed>
Managed* take(PyObject* capsule, const char* name, const char* used_name) {
  auto* const managed = static_cast<Managed*>(PyCapsule_GetPointer(capsule, name));
  if (managed == nullptr || PyCapsule_SetName(capsule, used_name) != 0) {
    throw py::error_already_set();
  }
  return managed;
}

}  // namespace

DlpackCapsule::DlpackCapsule(const py::object& capsule) {
  PyObject* const object = capsule.ptr();
  if (PyCapsule_IsValid(object, kPlain) != 0) {
    plain_ = take<dlpack::ManagedTensor>(object, kPlain, kUsedPlain);
    return;
  }
  if (PyCapsule_IsValid(object, kVersioned) == 0) {
    throw InvalidArgument(
        "The object is no DLPack capsule that can be used; give what __dlpack__() returns, once.");
  }
  versioned_ = take<dlpack::ManagedTensorVersioned>(object, kVersioned, kUsedVersioned);
  const std::uint32_t major = versioned_->version.major;
  if (major == kMajor) return;
  release(versioned_);
  throw InvalidArgument("The DLPack capsule is of version " + std::to_string(major) +
                        "; expected is version " + std::to_string(kMajor) +
                        " or one without a version: ask for max_version=(1, 0).");
}

DlpackCapsule::~DlpackCapsule() {
  release(plain_);
  release(versioned_);
}

}  // namespace instseg::python

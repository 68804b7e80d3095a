// An adapter that only knows the version of the library it was given. FAKE_ABI is the ABI it has,
// FAKE_PROBLEM why it refuses.
#include "engines/tensorrt/adapter_api.h"

#ifndef FAKE_PROBLEM
#define FAKE_PROBLEM ""
#endif

namespace {

using namespace instseg::tensorrt;

class VersionAdapter final : public Adapter {
 public:
  explicit VersionAdapter(const VendorFunctions& vendor) : vendor_(vendor) {}
  std::string version() const override {
    return std::to_string(reinterpret_cast<std::int32_t (*)()>(vendor_.getInferLibVersion)());
  }
  std::string problem() const override { return FAKE_PROBLEM; }
  bool types_come_from_the_file() const override { return true; }
  Built build(const BuildRequest&, Log&) override { return {}; }
  std::unique_ptr<Plan> load(std::span<const std::byte>, Log&) override { return nullptr; }

 private:
  VendorFunctions vendor_;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) Adapter* instseg_tensorrt_adapter(
    int abi, const VendorFunctions& vendor) {
  return abi == FAKE_ABI ? new VersionAdapter(vendor) : nullptr;
}

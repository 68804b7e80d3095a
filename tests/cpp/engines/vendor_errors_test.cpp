#include "engines/vendor_errors.h"

#include <stdexcept>

#include "testing.h"

namespace instseg {
namespace {

std::string version() { return "1.2"; }

template <typename Body>
auto translated(const Body& body) {
  return translate_errors("A library", version, "cannot do it", body);
}

TEST(VendorErrors, LeaveAsEngineErrorsWithTheLibrarysText) {
  EXPECT_THROWS(EngineError, "A library 1.2 cannot do it: no such thing",
                translated([] { throw std::runtime_error("no such thing"); }));
  EXPECT_THROWS(EngineError, "A library 1.2 cannot do it: an unknown exception",
                translated([] { throw 7; }));
}

TEST(VendorErrors, LeaveOurOwnErrorsAndResultsAlone) {
  EXPECT_THROWS(ModelError, "ours", translated([] { throw ModelError("ours"); }));
  EXPECT_THROWS(InvalidArgument, "ours", translated([] { throw InvalidArgument("ours"); }));
  EXPECT_EQ(translated([] { return 7; }), 7);
}

}  // namespace
}  // namespace instseg

#pragma once

namespace instseg::testing {

// Number of calls of operator new on this thread so far, in the whole program.
long allocation_count();

}  // namespace instseg::testing

#pragma once

#include <cstddef>

namespace instseg::testing {

// What the program's `operator new` gave, on all threads.
struct HeapCount {
  long allocations = 0;        // so far
  std::size_t live_bytes = 0;  // not given back
  std::size_t peak_bytes = 0;  // most live at once since the last reset_heap_peak()
};

HeapCount heap_count();
void reset_heap_peak();

// From now on `allocations` more succeed on this thread, then one throws std::bad_alloc, and then
// all succeed again. Negative: none throws.
void fail_after(long allocations);

}  // namespace instseg::testing

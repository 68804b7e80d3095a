#pragma once

#include "instseg/mask.h"

namespace instseg {

// The smallest region that holds all foreground; empty (all zero) where there is none.
Region foreground_region(const Mask& mask);

// The same mask, stored in its foreground_region() only.
Mask trimmed(const Mask& mask);

}  // namespace instseg

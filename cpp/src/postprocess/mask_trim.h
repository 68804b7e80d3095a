#pragma once

#include "instseg/mask.h"

namespace instseg {

// The same mask, stored in its foreground_region() only.
Mask trimmed(const Mask& mask);

}  // namespace instseg

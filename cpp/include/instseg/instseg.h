#pragma once

// Everything at once.
#include "instseg/errors.h"         // IWYU pragma: export
#include "instseg/image.h"          // IWYU pragma: export
#include "instseg/mask.h"           // IWYU pragma: export
#include "instseg/mask_geometry.h"  // IWYU pragma: export
#include "instseg/mask_sets.h"      // IWYU pragma: export
#include "instseg/predictor.h"      // IWYU pragma: export
#include "instseg/result.h"         // IWYU pragma: export
#include "instseg/version.h"        // IWYU pragma: export

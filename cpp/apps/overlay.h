#pragma once

#include <instseg/result.h>

#include "picture.h"

// Tints every mask with a colour fixed per class.
void draw_masks(const instseg::Result& result, Picture& picture);

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include "families/family.h"

namespace instseg {

// A model as Paddle exported it, run whole by an engine: its program selects, suppresses and draws
// by itself. What is left is PaddleX's own last step (instance_segmentation/processors.py): keep
// what is above the threshold and, for models that find boxes, cut masks to their boxes.

// Masks [count, height, width]; foreground is where a value is not 0.
struct ProgramMasks {
  std::variant<const float*, const std::int32_t*, const std::uint8_t*> values;
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

// Of Mask-RT-DETR, PP-YOLOE_seg, Mask R-CNN and Cascade Mask R-CNN. A row is class, score, x1, y1,
// x2, y2 in pixels of the image; rows of class -1 are padding. Row i has mask i.
struct BoxProgramOutputs {
  std::span<const float> rows;  // [n, 6]
  ProgramMasks masks;
};

// Of SOLOv2, which puts out one empty mask where it finds nothing.
struct MaskProgramOutputs {
  std::span<const float> scores;            // [n]
  std::span<const std::int64_t> class_ids;  // [n]
  ProgramMasks masks;
};

std::unique_ptr<FamilyWorkspace> make_whole_program_workspace();

// Instances by falling score (ties in the program's order) with score > threshold. Throws
// EngineError naming the output and the model where a value is not finite, a class does not exist,
// or masks do not belong to rows or image; programs may leave out or add a pixel at the right and
// the bottom, which counts as background.
Result read_box_program(const BoxProgramOutputs& outputs, int num_classes, int image_height,
                        int image_width, const Selection& selection, const std::string& model,
                        const ThreadPool& pool, FamilyWorkspace& workspace);

// The same with score >= threshold; boxes are the extents of the masks, and an instance without a
// pixel is none.
Result read_mask_program(const MaskProgramOutputs& outputs, int num_classes, int image_height,
                         int image_width, const Selection& selection, const std::string& model,
                         const ThreadPool& pool, FamilyWorkspace& workspace);

// `folder` has its program as its only network. Throws ModelError unless the program has the inputs
// and outputs of one of the two kinds.
std::unique_ptr<const Family> make_whole_program(const NetworkFolder& folder);

}  // namespace instseg

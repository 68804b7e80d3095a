#include "families/ppyoloe_seg.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "families/finite_check.h"
#include "families/instance_selection.h"
#include "families/mask_drawing.h"
#include "families/network_tensors.h"
#include "postprocess/cropped_mask.h"

namespace instseg {
namespace {

class Workspace final : public FamilyWorkspace {
 public:
  ClassNmsWorkspace nms;
  std::vector<std::uint32_t> anchors;         // of each kept instance
  std::vector<float> coefficients;            // [kept, P]
  std::vector<CroppedMaskWorkspace> drawing;  // one per thread
};

Box input_box(const PpyoloeSegOutputs& outputs, std::uint32_t anchor) {
  const float* const box = outputs.boxes_xyxy + std::size_t{4} * anchor;
  return {.x1 = box[0], .y1 = box[1], .x2 = box[2], .y2 = box[3]};
}

// PaddleX's scale_factor of one axis: a quotient in double, rounded to float32.
float scale_factor(int input_size, int image_size) {
  return static_cast<float>(static_cast<double>(input_size) / image_size);
}

// Fills the result's boxes, scores and class ids, and the anchors they come from.
void select(const PpyoloeSegOutputs& outputs, const PpyoloeSegSpec& spec,
            const Selection& selection, Workspace& workspace, Result& result) {
  const auto num_anchors = static_cast<std::size_t>(outputs.num_anchors);
  ClassNmsOptions options = spec.nms;
  options.score_threshold = std::max(options.score_threshold, selection.threshold);
  const std::span<const ClassDetection> candidates =
      class_wise_nms({.num_classes = outputs.num_classes,
                      .num_boxes = num_anchors,
                      .boxes = outputs.boxes_xyxy,
                      .scores = outputs.scores,
                      .score_class_stride = static_cast<std::ptrdiff_t>(num_anchors)},
                     options, workspace.nms);
  const float scale_y = scale_factor(spec.input_height, result.image_height);
  const float scale_x = scale_factor(spec.input_width, result.image_width);
  workspace.anchors.clear();
  InstanceSelection instances(selection, result);
  for (const ClassDetection& candidate : candidates) {
    if (!instances.takes(candidate.score)) break;
    const Box box = input_box(outputs, candidate.box);
    const Box in_image = {.x1 = box.x1 / scale_x,
                          .y1 = box.y1 / scale_y,
                          .x2 = box.x2 / scale_x,
                          .y2 = box.y2 / scale_y};
    if (instances.add(in_image, candidate.score, candidate.class_id)) {
      workspace.anchors.push_back(candidate.box);
    }
  }
}

// The coefficients of each instance, side by side.
void gather_coefficients(const PpyoloeSegOutputs& outputs, Workspace& workspace) {
  const auto num_anchors = static_cast<std::size_t>(outputs.num_anchors);
  const auto num_prototypes = static_cast<std::size_t>(outputs.prototypes.num_prototypes);
  workspace.coefficients.resize(workspace.anchors.size() * num_prototypes);
  float* out = workspace.coefficients.data();
  for (const std::uint32_t anchor : workspace.anchors) {
    for (std::size_t p = 0; p < num_prototypes; ++p) {
      *out++ = outputs.mask_coefficients[p * num_anchors + anchor];
    }
  }
}

void draw_masks(const PpyoloeSegOutputs& outputs, const PpyoloeSegSpec& spec,
                const Selection& selection, const ThreadPool& pool, Workspace& workspace,
                Result& result) {
  const CroppedMaskSizes sizes = {.input_height = spec.input_height,
                                  .input_width = spec.input_width,
                                  .image_height = result.image_height,
                                  .image_width = result.image_width};
  const auto num_prototypes = static_cast<std::size_t>(outputs.prototypes.num_prototypes);
  result.masks.resize(result.size());
  draw_in_parallel(
      result.size(), pool, workspace.drawing, [&](std::size_t i, CroppedMaskWorkspace& scratch) {
        const Box box = input_box(outputs, workspace.anchors[i]);
        const Region region =
            selection.clip_masks
                ? rounded_region(result.boxes[i], sizes.image_height, sizes.image_width)
                : cropped_mask_region(box, sizes);
        result.masks[i] = render_cropped_mask(outputs.prototypes,
                                              workspace.coefficients.data() + i * num_prototypes,
                                              box, sizes, region, spec.mask_threshold, scratch);
      });
}

void check_selection_tensors(const PpyoloeSegOutputs& outputs, const std::string& model,
                             const ThreadPool& pool) {
  const auto anchors = static_cast<std::size_t>(outputs.num_anchors);
  check_finite({outputs.boxes_xyxy, anchors * 4}, "boxes_xyxy", model);
  pool.parallel_for(outputs.num_classes, [&](int c) {
    check_finite({outputs.scores + static_cast<std::size_t>(c) * anchors, anchors}, "class_scores",
                 model);
  });
}

void check_mask_tensors(const PpyoloeSegOutputs& outputs, const std::string& model,
                        const ThreadPool& pool) {
  const auto size = static_cast<std::size_t>(outputs.num_anchors) *
                    static_cast<std::size_t>(outputs.prototypes.num_prototypes);
  check_finite({outputs.mask_coefficients, size}, "mask_coefficients", model);
  check_finite(outputs.prototypes, "mask_prototypes", model, pool);
}

class PpyoloeSeg final : public Family {
 public:
  explicit PpyoloeSeg(const NetworkFolder& folder) : model_(folder.model_name) {
    const NetworkSpec& network = only_network(folder);
    expect_image_input(folder, network);
    boxes_ = find_output(folder, network, "boxes_xyxy");
    scores_ = find_output(folder, network, "class_scores");
    coefficients_ = find_output(folder, network, "mask_coefficients");
    prototypes_ = find_output(folder, network, "mask_prototypes");
    num_classes_ = static_cast<std::int64_t>(folder.class_names.size());

    const std::int64_t anchors = expect_shape(folder, network, boxes_, {kBatch, kAny, 4})[1];
    expect_shape(folder, network, scores_, {kBatch, num_classes_, anchors});
    const std::int64_t num_prototypes =
        expect_shape(folder, network, coefficients_, {kBatch, kAny, anchors})[1];
    expect_shape(folder, network, prototypes_, {kBatch, num_prototypes, kAny, kAny});
    if (!folder.postprocess.nms) refuse(folder, "postprocess: 'nms' is missing");
    if (folder.preprocess.keep_ratio || folder.preprocess.pad_stride != 1) {
      refuse(folder, "'preprocess' keeps the ratio or pads; the family \"" + folder.family +
                         "\" has one input size");
    }
    spec_ = {.input_height = folder.preprocess.height,
             .input_width = folder.preprocess.width,
             .nms = *folder.postprocess.nms,
             .mask_threshold = folder.mask_threshold};
  }

  std::unique_ptr<FamilyWorkspace> make_workspace() const override {
    return make_ppyoloe_seg_workspace();
  }

  Result detect(std::span<const std::unique_ptr<Session>> sessions, int image_height,
                int image_width, const Selection& selection, const ThreadPool& pool,
                FamilyWorkspace& workspace) const override {
    const Session& session = *sessions[0];
    const TensorView boxes = output_of_shape(session, boxes_, {1, kAny, 4}, model_);
    const std::int64_t anchors = boxes.shape[1];
    const TensorView scores = output_of_shape(session, scores_, {1, num_classes_, anchors}, model_);
    const TensorView coefficients =
        output_of_shape(session, coefficients_, {1, kAny, anchors}, model_);
    const TensorView prototypes =
        output_of_shape(session, prototypes_, {1, coefficients.shape[1], kAny, kAny}, model_);
    const PpyoloeSegOutputs outputs = {
        .num_anchors = static_cast<int>(anchors),
        .num_classes = static_cast<int>(num_classes_),
        .boxes_xyxy = boxes.data,
        .scores = scores.data,
        .mask_coefficients = coefficients.data,
        .prototypes = {.prototypes = prototypes.data,
                       .num_prototypes = static_cast<int>(prototypes.shape[1]),
                       .height = static_cast<int>(prototypes.shape[2]),
                       .width = static_cast<int>(prototypes.shape[3])}};
    return detect_ppyoloe_seg(outputs, spec_, image_height, image_width, selection, model_, pool,
                              workspace);
  }

 private:
  std::string model_;
  PpyoloeSegSpec spec_;
  std::int64_t num_classes_ = 0;
  OutputTensor boxes_;
  OutputTensor scores_;
  OutputTensor coefficients_;
  OutputTensor prototypes_;
};

}  // namespace

std::unique_ptr<FamilyWorkspace> make_ppyoloe_seg_workspace() {
  return std::make_unique<Workspace>();
}

Result detect_ppyoloe_seg(const PpyoloeSegOutputs& outputs, const PpyoloeSegSpec& spec,
                          int image_height, int image_width, const Selection& selection,
                          const std::string& model, const ThreadPool& pool,
                          FamilyWorkspace& workspace) {
  auto& own_workspace = static_cast<Workspace&>(workspace);
  Result result;
  result.image_height = image_height;
  result.image_width = image_width;
  check_selection_tensors(outputs, model, pool);
  select(outputs, spec, selection, own_workspace, result);
  if (result.size() == 0) return result;
  check_mask_tensors(outputs, model, pool);
  gather_coefficients(outputs, own_workspace);
  draw_masks(outputs, spec, selection, pool, own_workspace, result);
  return result;
}

std::unique_ptr<const Family> make_ppyoloe_seg(const NetworkFolder& folder) {
  return std::make_unique<PpyoloeSeg>(folder);
}

}  // namespace instseg

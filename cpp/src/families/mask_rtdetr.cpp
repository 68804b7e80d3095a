#include "families/mask_rtdetr.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engines/device_stages.h"
#include "families/finite_check.h"
#include "families/instance_selection.h"
#include "families/mask_drawing.h"
#include "families/network_tensors.h"
#include "families/whole_image_mask.h"
#include "postprocess/mask_render.h"
#include "postprocess/top_k.h"

namespace instseg {
namespace {

class Workspace final : public FamilyWorkspace {
 public:
  TopKWorkspace top_k;
  std::vector<int> queries;         // of each kept instance
  std::vector<int> first_of_query;  // [Q] the kept instance that draws the query's mask, or -1
  std::vector<int> to_draw;         // instances that draw
  std::vector<WholeImageMaskWorkspace> drawing;  // one per thread
  std::vector<PlannedMask> planned;              // on a GPU, those of to_draw
  std::vector<Mask> drawn;
};

// The sigmoid in float32.
float probability(float logit) { return 1.0f / (1.0f + std::exp(-logit)); }

// Paddle's order of operations: corners in normalised coordinates, then scaled.
Box box_in_pixels(const float* cxcywh, int image_height, int image_width) {
  const auto width = static_cast<float>(image_width);
  const auto height = static_cast<float>(image_height);
  const float half_w = 0.5f * cxcywh[2];
  const float half_h = 0.5f * cxcywh[3];
  return {.x1 = (cxcywh[0] - half_w) * width,
          .y1 = (cxcywh[1] - half_h) * height,
          .x2 = (cxcywh[0] + half_w) * width,
          .y2 = (cxcywh[1] + half_h) * height};
}

// Fills the result's boxes, scores and class ids, and the queries they come from.
void select(const MaskRtdetrOutputs& outputs, const MaskRtdetrSpec& spec,
            const Selection& selection, Workspace& workspace, Result& result) {
  const auto num_logits =
      static_cast<std::size_t>(outputs.num_queries) * static_cast<std::size_t>(outputs.num_classes);
  const std::span<const std::uint32_t> best =
      top_k({outputs.logits, num_logits}, spec.top_k, workspace.top_k);
  workspace.queries.clear();
  InstanceSelection instances(selection, result);
  for (const std::uint32_t index : best) {
    const float score = probability(outputs.logits[index]);
    if (!instances.takes(score)) break;
    const auto num_classes = static_cast<std::uint32_t>(outputs.num_classes);
    const auto class_id = static_cast<int>(index % num_classes);
    const auto query = static_cast<int>(index / num_classes);
    const Box box = box_in_pixels(outputs.boxes_cxcywh + std::ptrdiff_t{4} * query,
                                  result.image_height, result.image_width);
    if (instances.add(box, score, class_id)) workspace.queries.push_back(query);
  }
}

// Every query's mask is drawn once; further instances of the query (other classes of the same box)
// copy it. Fills to_draw.
void choose_instances_that_draw(int num_queries, Workspace& workspace) {
  const std::vector<int>& queries = workspace.queries;
  workspace.first_of_query.assign(static_cast<std::size_t>(num_queries), -1);
  workspace.to_draw.clear();
  for (std::size_t i = 0; i < queries.size(); ++i) {
    int& first = workspace.first_of_query[static_cast<std::size_t>(queries[i])];
    if (first != -1) continue;
    first = static_cast<int>(i);
    workspace.to_draw.push_back(first);
  }
}

void copy_to_further_instances(const Workspace& workspace, Result& result) {
  const std::vector<int>& queries = workspace.queries;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    const auto first =
        static_cast<std::size_t>(workspace.first_of_query[static_cast<std::size_t>(queries[i])]);
    if (first != i) result.masks[i] = result.masks[first];
  }
}

// On all threads.
void draw_masks(const MaskRtdetrOutputs& outputs, const MaskRtdetrSpec& spec,
                const Selection& selection, const ThreadPool& pool, Workspace& workspace,
                Result& result) {
  const std::vector<int>& queries = workspace.queries;
  const auto draw = [&](std::size_t i, WholeImageMaskWorkspace& scratch) {
    const float* const coefficients =
        outputs.mask_coefficients + std::ptrdiff_t{outputs.prototypes.num_prototypes} * queries[i];
    if (selection.clip_masks) {
      const Region region =
          rounded_region(result.boxes[i], result.image_height, result.image_width);
      return render_mask(outputs.prototypes, coefficients, result.image_height, result.image_width,
                         region, spec.mask_logit_threshold, scratch.render);
    }
    return render_whole_image_mask(outputs.prototypes, coefficients, result.image_height,
                                   result.image_width, spec.mask_logit_threshold, scratch);
  };
  choose_instances_that_draw(outputs.num_queries, workspace);
  result.masks.resize(queries.size());
  draw_in_parallel(workspace.to_draw.size(), pool, workspace.drawing,
                   [&](std::size_t item, WholeImageMaskWorkspace& scratch) {
                     const auto i = static_cast<std::size_t>(workspace.to_draw[item]);
                     result.masks[i] = draw(i, scratch);
                   });
  copy_to_further_instances(workspace, result);
}

// The same on the GPU, for clipped masks. Returns false, without masks, where a value is not
// finite.
bool draw_masks(DeviceStages& stages, MasksToDraw to_draw, int num_queries, Workspace& workspace,
                Result& result) {
  choose_instances_that_draw(num_queries, workspace);
  workspace.planned.clear();
  for (const int instance : workspace.to_draw) {
    const auto i = static_cast<std::size_t>(instance);
    workspace.planned.push_back(
        {.region = rounded_region(result.boxes[i], result.image_height, result.image_width),
         .coefficient_row = workspace.queries[i]});
  }
  to_draw.image_height = result.image_height;
  to_draw.image_width = result.image_width;
  to_draw.masks = workspace.planned;
  workspace.drawn.resize(workspace.planned.size());
  if (!stages.draw_masks(to_draw, workspace.drawn)) return false;
  result.masks.resize(result.size());
  for (std::size_t k = 0; k < workspace.to_draw.size(); ++k) {
    result.masks[static_cast<std::size_t>(workspace.to_draw[k])] = std::move(workspace.drawn[k]);
  }
  copy_to_further_instances(workspace, result);
  return true;
}

void check_values(const MaskRtdetrOutputs& outputs, const std::string& model,
                  const ThreadPool& pool, bool with_masks) {
  const auto queries = static_cast<std::size_t>(outputs.num_queries);
  if (!with_masks) {
    check_finite({outputs.boxes_cxcywh, queries * 4}, "boxes_cxcywh", model);
    check_finite({outputs.logits, queries * static_cast<std::size_t>(outputs.num_classes)},
                 "class_logits", model);
    return;
  }
  check_finite({outputs.mask_coefficients,
                queries * static_cast<std::size_t>(outputs.prototypes.num_prototypes)},
               "mask_coefficients", model);
  check_finite(outputs.prototypes, "mask_prototypes", model, pool);
}

// The result without masks.
Result find_instances(const MaskRtdetrOutputs& outputs, const MaskRtdetrSpec& spec,
                      int image_height, int image_width, const Selection& selection,
                      const std::string& model, const ThreadPool& pool, Workspace& workspace) {
  Result result;
  result.image_height = image_height;
  result.image_width = image_width;
  check_values(outputs, model, pool, /*with_masks=*/false);
  select(outputs, spec, selection, workspace, result);
  return result;
}

void check_and_draw(const MaskRtdetrOutputs& outputs, const MaskRtdetrSpec& spec,
                    const Selection& selection, const std::string& model, const ThreadPool& pool,
                    Workspace& workspace, Result& result) {
  check_values(outputs, model, pool, /*with_masks=*/true);
  draw_masks(outputs, spec, selection, pool, workspace, result);
}

float logit(float p) { return std::log(p / (1.0f - p)); }  // -inf at 0, 0 at 0.5, inf at 1

class MaskRtdetr final : public Family {
 public:
  explicit MaskRtdetr(const NetworkFolder& folder) : model_(folder.model_name) {
    const NetworkSpec& network = only_network(folder);
    expect_image_input(folder, network);
    boxes_ = find_output(folder, network, "boxes_cxcywh");
    logits_ = find_output(folder, network, "class_logits");
    coefficients_ = find_output(folder, network, "mask_coefficients");
    prototypes_ = find_output(folder, network, "mask_prototypes");
    num_classes_ = static_cast<std::int64_t>(folder.class_names.size());

    const std::int64_t queries = expect_shape(folder, network, boxes_, {kBatch, kAny, 4})[1];
    expect_shape(folder, network, logits_, {kBatch, queries, num_classes_});
    const std::int64_t num_prototypes =
        expect_shape(folder, network, coefficients_, {kBatch, queries, kAny})[2];
    expect_shape(folder, network, prototypes_, {kBatch, num_prototypes, kAny, kAny});
    if (!folder.postprocess.top_k) refuse(folder, "postprocess: 'top_k' is missing");
    spec_.top_k = *folder.postprocess.top_k;
    spec_.mask_logit_threshold = logit(folder.mask_threshold);
  }

  std::unique_ptr<FamilyWorkspace> make_workspace() const override {
    return make_mask_rtdetr_workspace();
  }

  void prepare(Session& main) const override {
    DeviceStages* const stages = main.on_device();
    if (stages == nullptr) return;
    stages->keep_output(coefficients_.index);
    stages->keep_output(prototypes_.index);
  }

  Result detect(std::span<const std::unique_ptr<Session>> sessions, int image_height,
                int image_width, const Selection& selection, const ThreadPool& pool,
                FamilyWorkspace& workspace) const override {
    Session& session = *sessions[0];
    const TensorView boxes = output_of_shape(session, boxes_, {1, kAny, 4}, model_);
    const std::int64_t queries = boxes.shape[1];
    const TensorView logits = output_of_shape(session, logits_, {1, queries, num_classes_}, model_);
    const TensorView coefficients =
        output_of_shape(session, coefficients_, {1, queries, kAny}, model_);
    const TensorView prototypes =
        output_of_shape(session, prototypes_, {1, coefficients.shape[2], kAny, kAny}, model_);
    MaskRtdetrOutputs outputs = {
        .num_queries = static_cast<int>(queries),
        .num_classes = static_cast<int>(num_classes_),
        .boxes_cxcywh = boxes.data,
        .logits = logits.data,
        .mask_coefficients = coefficients.data,
        .prototypes = {.prototypes = prototypes.data,
                       .num_prototypes = static_cast<int>(prototypes.shape[1]),
                       .height = static_cast<int>(prototypes.shape[2]),
                       .width = static_cast<int>(prototypes.shape[3])}};
    auto& own_workspace = static_cast<Workspace&>(workspace);
    Result result = find_instances(outputs, spec_, image_height, image_width, selection, model_,
                                   pool, own_workspace);
    if (result.size() == 0) return result;
    if (DeviceStages* const stages = session.on_device()) {
      const MasksToDraw to_draw = {.prototypes = prototypes_.index,
                                   .coefficients = coefficients_.index,
                                   .logit_threshold = spec_.mask_logit_threshold};
      if (selection.clip_masks && image_height <= kMostMaskRows &&
          draw_masks(*stages, to_draw, outputs.num_queries, own_workspace, result)) {
        return result;
      }
      // Regions that are found from the masks themselves, or values to be named in an error.
      outputs.mask_coefficients = stages->fetch_output(coefficients_.index).data;
      outputs.prototypes.prototypes = stages->fetch_output(prototypes_.index).data;
    }
    check_and_draw(outputs, spec_, selection, model_, pool, own_workspace, result);
    return result;
  }

 private:
  std::string model_;
  MaskRtdetrSpec spec_;
  std::int64_t num_classes_ = 0;
  OutputTensor boxes_;
  OutputTensor logits_;
  OutputTensor coefficients_;
  OutputTensor prototypes_;
};

}  // namespace

std::unique_ptr<FamilyWorkspace> make_mask_rtdetr_workspace() {
  return std::make_unique<Workspace>();
}

Result detect_mask_rtdetr(const MaskRtdetrOutputs& outputs, const MaskRtdetrSpec& spec,
                          int image_height, int image_width, const Selection& selection,
                          const std::string& model, const ThreadPool& pool,
                          FamilyWorkspace& workspace) {
  auto& own_workspace = static_cast<Workspace&>(workspace);
  Result result = find_instances(outputs, spec, image_height, image_width, selection, model, pool,
                                 own_workspace);
  if (result.size() == 0) return result;
  check_and_draw(outputs, spec, selection, model, pool, own_workspace, result);
  return result;
}

std::unique_ptr<const Family> make_mask_rtdetr(const NetworkFolder& folder) {
  return std::make_unique<MaskRtdetr>(folder);
}

}  // namespace instseg

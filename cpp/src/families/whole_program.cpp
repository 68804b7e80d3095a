#include "families/whole_program.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "families/finite_check.h"
#include "families/instance_selection.h"
#include "families/mask_drawing.h"
#include "families/network_tensors.h"
#include "instseg/errors.h"
#include "postprocess/mask_trim.h"

namespace instseg {
namespace {

constexpr std::size_t kRowSize = 6;  // class, score, x1, y1, x2, y2

class Workspace final : public FamilyWorkspace {
 public:
  std::vector<std::size_t> order;                // of the program's instances, by falling score
  std::vector<std::size_t> kept;                 // the program's number of each instance
  std::vector<std::vector<std::uint8_t>> crops;  // one per thread
};

// Throws unless masks cover the image. A program computes the image's size from the network's input
// in float32: it may be off by a pixel, and by more where it scales both sides by one factor.
void check_masks(const ProgramMasks& masks, std::size_t num_instances, int image_height,
                 int image_width, const std::string& model) {
  const auto near = [](std::int64_t side, int expected) {
    return std::abs(side - expected) <= std::max(1, expected / 100);
  };
  if (masks.count == static_cast<std::int64_t>(num_instances) && near(masks.height, image_height) &&
      near(masks.width, image_width)) {
    return;
  }
  throw EngineError(model + " gave masks of the shape [" + std::to_string(masks.count) + ", " +
                    std::to_string(masks.height) + ", " + std::to_string(masks.width) +
                    "], expected [" + std::to_string(num_instances) + ", " +
                    std::to_string(image_height) + ", " + std::to_string(image_width) +
                    "]: its program does not keep the proportions of such an image; take an engine "
                    "that runs the networks");
}

[[noreturn]] void refuse_class(double class_id, int num_classes, const std::string& model) {
  throw EngineError(model + " found class " + std::to_string(class_id) +
                    ", but instseg.json names " + std::to_string(num_classes) +
                    " classes; the program and instseg.json do not belong together: import the "
                    "model again with `instseg import`");
}

// The masks' pixels in the region. `crop` is scratch memory.
Mask cut_out(const ProgramMasks& masks, std::size_t index, const Region& region, int image_height,
             int image_width, const std::string& model, std::vector<std::uint8_t>& crop) {
  const auto height = static_cast<std::size_t>(region.height);
  const auto width = static_cast<std::size_t>(region.width);
  crop.assign(height * width, 0);
  const auto rows = std::min<std::int64_t>(region.height, masks.height - region.y);
  const auto columns = std::min<std::int64_t>(region.width, masks.width - region.x);
  std::visit(
      [&](const auto* values) {
        using Value = std::remove_cvref_t<decltype(*values)>;
        const auto* const mask =
            values + static_cast<std::int64_t>(index) * masks.height * masks.width;
        for (std::int64_t y = 0; columns > 0 && y < rows; ++y) {
          const auto* const row = mask + (region.y + y) * masks.width + region.x;
          if constexpr (std::is_same_v<Value, float>) {
            check_finite({row, static_cast<std::size_t>(columns)}, "masks", model);
          }
          std::transform(row, row + columns, crop.begin() + y * region.width,
                         [](Value value) { return static_cast<std::uint8_t>(value != 0); });
        }
      },
      masks.values);
  return Mask::from_crop(image_height, image_width, region, crop.data(), region.width);
}

// By falling score; of equal scores, as they come.
template <typename Score>
void sort_by_score(std::size_t count, const Score& score, std::vector<std::size_t>& order) {
  order.resize(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return score(a) > score(b); });
}

Box extent(const Region& region) {
  return {.x1 = static_cast<float>(region.x),
          .y1 = static_cast<float>(region.y),
          .x2 = static_cast<float>(region.x + region.width),
          .y2 = static_cast<float>(region.y + region.height)};
}

Result empty_result(int image_height, int image_width) {
  Result result;
  result.image_height = image_height;
  result.image_width = image_width;
  return result;
}

ProgramMasks program_masks(const AnyTensorView& tensor, const std::string& model) {
  ProgramMasks masks;
  if (tensor.shape.size() != 3) {
    throw EngineError(model + " gave masks of rank " + std::to_string(tensor.shape.size()) +
                      ", expected [n, height, width]");
  }
  masks.count = tensor.shape[0];
  masks.height = tensor.shape[1];
  masks.width = tensor.shape[2];
  std::visit(
      [&](const auto* values) {
        if constexpr (std::is_assignable_v<decltype(masks.values)&, decltype(values)> &&
                      !std::is_same_v<decltype(values), const std::int64_t*>) {
          masks.values = values;
        } else {
          throw EngineError(model +
                            " gave masks of 64-bit integers, expected float32, int32 or "
                            "uint8");
        }
      },
      tensor.data);
  return masks;
}

// The values of an output that is a list, or a list of rows of `row_size` values.
template <typename Value>
std::span<const Value> output_list(const Session& session, const OutputTensor& output,
                                   std::size_t row_size, const std::string& model) {
  const AnyTensorView tensor = session.any_output(output.index);
  const Value* const* const values = std::get_if<const Value*>(&tensor.data);
  const std::size_t rank = row_size == 1 ? 1 : 2;
  const bool fits = values != nullptr && tensor.shape.size() == rank &&
                    (rank == 1 || tensor.shape[1] == static_cast<std::int64_t>(row_size));
  if (!fits) {
    throw EngineError(model + " gave its output '" + output.meaning +
                      "' another type or shape than instseg.json says; import the model again "
                      "with `instseg import`");
  }
  return {*values, static_cast<std::size_t>(tensor.shape[0]) * row_size};
}

class WholeProgram final : public Family {
 public:
  explicit WholeProgram(const NetworkFolder& folder)
      : model_(folder.model_name),
        preprocess_(folder.preprocess),
        num_classes_(static_cast<int>(folder.class_names.size())) {
    const NetworkSpec& program = only_network(folder);
    find_inputs(folder, program);
    masks_ = find(folder, program, "masks", "float32 int32 uint8");
    const bool has_boxes = std::any_of(program.outputs.begin(), program.outputs.end(),
                                       [](const TensorSpec& o) { return o.meaning == "boxes"; });
    if (has_boxes) {
      boxes_ = find(folder, program, "boxes", "float32");
    } else {
      scores_ = find(folder, program, "scores", "float32");
      class_ids_ = find(folder, program, "class_ids", "int64");
    }
  }

  std::unique_ptr<FamilyWorkspace> make_workspace() const override {
    return make_whole_program_workspace();
  }

  void write_further_inputs(Session& main, int image_height, int image_width) const override {
    const NetworkSize size = network_size(preprocess_, image_height, image_width);
    // Divided in double and rounded once, as PaddleX does.
    const std::array<float, 2> resized = {static_cast<float>(size.height),
                                          static_cast<float>(size.width)};
    const std::array<float, 2> scales = {
        static_cast<float>(static_cast<double>(size.height) / image_height),
        static_cast<float>(static_cast<double>(size.width) / image_width)};
    const std::int64_t shape[] = {1, 2};
    if (resized_size_) std::ranges::copy(resized, main.input(*resized_size_, shape).begin());
    if (scale_factor_) std::ranges::copy(scales, main.input(*scale_factor_, shape).begin());
  }

  Result detect(std::span<const std::unique_ptr<Session>> sessions, int image_height,
                int image_width, const Selection& selection, const ThreadPool& pool,
                FamilyWorkspace& workspace) const override {
    const Session& session = *sessions[0];
    const ProgramMasks masks = program_masks(session.any_output(masks_.index), model_);
    if (boxes_) {
      return read_box_program(
          {.rows = output_list<float>(session, *boxes_, kRowSize, model_), .masks = masks},
          num_classes_, image_height, image_width, selection, model_, pool, workspace);
    }
    return read_mask_program(
        {.scores = output_list<float>(session, *scores_, 1, model_),
         .class_ids = output_list<std::int64_t>(session, *class_ids_, 1, model_),
         .masks = masks},
        num_classes_, image_height, image_width, selection, model_, pool, workspace);
  }

 private:
  // The image comes first; the sizes are there where the program uses them.
  void find_inputs(const NetworkFolder& folder, const NetworkSpec& program) {
    for (std::size_t i = 0; i < program.inputs.size(); ++i) {
      const TensorSpec& input = program.inputs[i];
      const bool is_image = input.meaning == "image";
      if (input.dtype != "float32" || is_image != (i == 0)) {
        refuse(folder, "input " + std::to_string(i) + " of the program is \"" + input.meaning +
                           "\" of " + input.dtype +
                           ", expected are float32 \"image\", then \"im_shape\" and "
                           "\"scale_factor\"");
      }
      if (is_image) continue;
      if (input.meaning == "im_shape") {
        resized_size_ = i;
      } else if (input.meaning == "scale_factor") {
        scale_factor_ = i;
      } else {
        refuse(folder, "the program has an input \"" + input.meaning +
                           "\", expected are \"image\", \"im_shape\" and \"scale_factor\"");
      }
    }
  }

  // dtypes: those that it may have
  static OutputTensor find(const NetworkFolder& folder, const NetworkSpec& program,
                           const char* meaning, const std::string& dtypes) {
    for (std::size_t i = 0; i < program.outputs.size(); ++i) {
      const TensorSpec& output = program.outputs[i];
      if (output.meaning != meaning) continue;
      if (dtypes.find(output.dtype) == std::string::npos) {
        refuse(folder, "the program's output \"" + output.meaning + "\" is " + output.dtype +
                           ", expected one of " + dtypes);
      }
      return {.index = i, .meaning = meaning};
    }
    refuse(folder, std::string("the program has no output \"") + meaning + "\"");
  }

  std::string model_;
  PreprocessSpec preprocess_;
  int num_classes_;
  std::optional<std::size_t> resized_size_;  // places of inputs
  std::optional<std::size_t> scale_factor_;
  OutputTensor masks_;
  std::optional<OutputTensor> boxes_;
  std::optional<OutputTensor> scores_;
  std::optional<OutputTensor> class_ids_;
};

}  // namespace

std::unique_ptr<FamilyWorkspace> make_whole_program_workspace() {
  return std::make_unique<Workspace>();
}

Result read_box_program(const BoxProgramOutputs& outputs, int num_classes, int image_height,
                        int image_width, const Selection& selection, const std::string& model,
                        const ThreadPool& pool, FamilyWorkspace& workspace) {
  auto& own_workspace = static_cast<Workspace&>(workspace);
  Result result = empty_result(image_height, image_width);
  check_finite(outputs.rows, "boxes", model);
  const std::size_t num_rows = outputs.rows.size() / kRowSize;
  const auto row = [&](std::size_t i) { return outputs.rows.subspan(i * kRowSize, kRowSize); };
  sort_by_score(num_rows, [&](std::size_t i) { return row(i)[1]; }, own_workspace.order);
  own_workspace.kept.clear();
  InstanceSelection instances(selection, result);
  for (const std::size_t i : own_workspace.order) {
    const std::span<const float> values = row(i);
    if (!instances.takes(values[1])) break;
    const float class_id = values[0];
    if (class_id == -1) continue;
    if (!(class_id >= 0 && class_id < static_cast<float>(num_classes)) ||
        class_id != std::floor(class_id)) {
      refuse_class(class_id, num_classes, model);
    }
    const Box box = {.x1 = values[2], .y1 = values[3], .x2 = values[4], .y2 = values[5]};
    if (instances.add(box, values[1], static_cast<int>(class_id))) own_workspace.kept.push_back(i);
  }
  if (result.size() == 0) return result;

  check_masks(outputs.masks, num_rows, image_height, image_width, model);
  const Region whole = {.width = image_width, .height = image_height};
  result.masks.resize(result.size());
  draw_in_parallel(result.size(), pool, own_workspace.crops,
                   [&](std::size_t i, std::vector<std::uint8_t>& crop) {
                     const Region region =
                         selection.clip_masks
                             ? rounded_region(result.boxes[i], image_height, image_width)
                             : whole;
                     Mask mask = cut_out(outputs.masks, own_workspace.kept[i], region, image_height,
                                         image_width, model, crop);
                     result.masks[i] = selection.clip_masks ? std::move(mask) : trimmed(mask);
                   });
  return result;
}

Result read_mask_program(const MaskProgramOutputs& outputs, int num_classes, int image_height,
                         int image_width, const Selection& selection, const std::string& model,
                         const ThreadPool& pool, FamilyWorkspace& workspace) {
  auto& own_workspace = static_cast<Workspace&>(workspace);
  Result result = empty_result(image_height, image_width);
  check_finite(outputs.scores, "scores", model);
  if (outputs.class_ids.size() != outputs.scores.size()) {
    throw EngineError(model + " gave " + std::to_string(outputs.scores.size()) + " scores and " +
                      std::to_string(outputs.class_ids.size()) + " classes, expected as many");
  }
  sort_by_score(
      outputs.scores.size(), [&](std::size_t i) { return outputs.scores[i]; }, own_workspace.order);
  own_workspace.kept.clear();
  for (const std::size_t i : own_workspace.order) {
    if (outputs.scores[i] < selection.threshold) break;
    const std::int64_t class_id = outputs.class_ids[i];
    if (class_id < 0 || class_id >= num_classes) {
      refuse_class(static_cast<double>(class_id), num_classes, model);
    }
    if (wanted(static_cast<int>(class_id), selection)) own_workspace.kept.push_back(i);
  }
  if (own_workspace.kept.empty()) return result;

  check_masks(outputs.masks, outputs.scores.size(), image_height, image_width, model);
  const Region whole = {.width = image_width, .height = image_height};
  std::vector<Mask> masks(own_workspace.kept.size());
  draw_in_parallel(masks.size(), pool, own_workspace.crops,
                   [&](std::size_t i, std::vector<std::uint8_t>& crop) {
                     masks[i] = trimmed(cut_out(outputs.masks, own_workspace.kept[i], whole,
                                                image_height, image_width, model, crop));
                   });
  const std::size_t most = selection.max_detections > 0
                               ? static_cast<std::size_t>(selection.max_detections)
                               : masks.size();
  for (std::size_t i = 0; i < masks.size() && result.size() < most; ++i) {
    const Region& region = masks[i].region();
    if (region.width == 0) continue;
    const std::size_t instance = own_workspace.kept[i];
    result.boxes.push_back(extent(region));
    result.scores.push_back(outputs.scores[instance]);
    result.class_ids.push_back(static_cast<std::int32_t>(outputs.class_ids[instance]));
    result.masks.push_back(std::move(masks[i]));
  }
  return result;
}

std::unique_ptr<const Family> make_whole_program(const NetworkFolder& folder) {
  return std::make_unique<WholeProgram>(folder);
}

}  // namespace instseg

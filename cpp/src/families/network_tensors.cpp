#include "families/network_tensors.h"

#include <algorithm>

#include "instseg/errors.h"

namespace instseg {
namespace {

bool is_batch(std::int64_t side) { return side == 1 || side == kAny; }

// Whether a side of instseg.json fits: an unknown one fits everywhere, the run decides.
bool side_fits(std::int64_t side, std::int64_t expected) {
  if (expected == kBatch) return is_batch(side);
  return side == kAny || expected == kAny || side == expected;
}

std::string shown(std::span<const std::int64_t> shape) {
  std::string text;
  for (const std::int64_t side : shape) {
    text += text.empty() ? "" : ", ";
    text += side == kBatch ? "1 or -1" : side == kAny ? "any" : std::to_string(side);
  }
  return "[" + text + "]";
}

std::string listed_meanings(const std::vector<TensorSpec>& tensors) {
  std::string text;
  for (const TensorSpec& tensor : tensors) {
    text += (text.empty() ? "\"" : ", \"") + tensor.meaning + "\"";
  }
  return text;
}

}  // namespace

void refuse(const NetworkFolder& folder, const std::string& problem) {
  throw ModelError((folder.path / "instseg.json").string() + ": " + problem +
                   "; import the model again with `instseg import`");
}

const NetworkSpec& only_network(const NetworkFolder& folder) {
  if (folder.networks.size() != 1) {
    refuse(folder, "'networks' has " + std::to_string(folder.networks.size()) +
                       " entries, the family \"" + folder.family + "\" has 1");
  }
  return folder.networks[0];
}

const NetworkSpec& find_network(const NetworkFolder& folder, const std::string& role) {
  std::string roles;
  for (const NetworkSpec& network : folder.networks) {
    if (network.role == role) return network;
    roles += (roles.empty() ? "\"" : ", \"") + network.role + "\"";
  }
  refuse(folder, "'networks' has " + roles + ", expected \"" + role + "\" among them");
}

namespace {

const TensorSpec& only_input(const NetworkFolder& folder, const NetworkSpec& network,
                             const char* meaning) {
  if (network.inputs.size() != 1 || network.inputs[0].meaning != meaning) {
    refuse(folder, "network \"" + network.role + "\" has the inputs " +
                       listed_meanings(network.inputs) + ", expected \"" + meaning + "\" alone");
  }
  return network.inputs[0];
}

// `reason` ends the message.
void expect_float32(const NetworkFolder& folder, const TensorSpec& input,
                    std::span<const std::int64_t> shape, const char* reason) {
  if (input.dtype != "float32" ||
      !std::equal(input.shape.begin(), input.shape.end(), shape.begin(), shape.end(), side_fits)) {
    refuse(folder, "the input \"" + input.meaning + "\" is " + input.dtype + " " +
                       shown(input.shape) + ", expected float32 " + shown(shape) + reason);
  }
}

}  // namespace

void expect_only_input(const NetworkFolder& folder, const NetworkSpec& network, const char* meaning,
                       std::initializer_list<std::int64_t> shape) {
  expect_float32(folder, only_input(folder, network, meaning), {shape.begin(), shape.size()},
                 (" in network \"" + network.role + "\"").c_str());
}

void expect_image_input(const NetworkFolder& folder, const NetworkSpec& network) {
  const TensorSpec& image = only_input(folder, network, "image");
  const PreprocessSpec& preprocess = folder.preprocess;
  // Without keep_ratio every image gets the same size.
  const NetworkSize size = network_size(preprocess, preprocess.height, preprocess.width);
  const std::int64_t height = preprocess.keep_ratio ? kAny : size.padded_height;
  const std::int64_t width = preprocess.keep_ratio ? kAny : size.padded_width;
  const std::int64_t expected[] = {kBatch, 3, height, width};
  expect_float32(folder, image, expected, " by 'preprocess'");
}

OutputTensor find_output(const NetworkFolder& folder, const NetworkSpec& network,
                         const char* meaning) {
  const std::vector<TensorSpec>& outputs = network.outputs;
  const auto has_meaning = [&](const TensorSpec& tensor) { return tensor.meaning == meaning; };
  if (std::count_if(outputs.begin(), outputs.end(), has_meaning) != 1) {
    refuse(folder, "network \"" + network.role + "\" has the outputs " + listed_meanings(outputs) +
                       ", expected \"" + meaning + "\" once among them");
  }
  const auto found = std::find_if(outputs.begin(), outputs.end(), has_meaning);
  if (found->dtype != "float32") {
    refuse(folder,
           "the output \"" + found->meaning + "\" is " + found->dtype + ", expected float32");
  }
  return {.index = static_cast<std::size_t>(found - outputs.begin()), .meaning = meaning};
}

std::span<const std::int64_t> expect_shape(const NetworkFolder& folder, const NetworkSpec& network,
                                           const OutputTensor& output,
                                           std::initializer_list<std::int64_t> shape) {
  const std::vector<std::int64_t>& found = network.outputs[output.index].shape;
  if (!std::equal(found.begin(), found.end(), shape.begin(), shape.end(), side_fits)) {
    refuse(folder, "the output \"" + output.meaning + "\" has the shape " + shown(found) +
                       ", expected " + shown(shape));
  }
  return found;
}

TensorView output_of_shape(const Session& session, const OutputTensor& output,
                           std::initializer_list<std::int64_t> shape, const std::string& model) {
  const TensorView tensor = session.output(output.index);
  const bool fits = std::equal(tensor.shape.begin(), tensor.shape.end(), shape.begin(), shape.end(),
                               [](std::int64_t side, std::int64_t expected) {
                                 return side >= 1 && (expected == kAny || side == expected);
                               });
  if (!fits) {
    throw EngineError(model + " gave its output '" + output.meaning + "' the shape " +
                      shown(tensor.shape) + ", expected " + shown(shape) +
                      "; the network and instseg.json do not belong together: import the model "
                      "again with `instseg import`");
  }
  return tensor;
}

}  // namespace instseg

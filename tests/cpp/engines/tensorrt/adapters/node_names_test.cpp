#include "engines/tensorrt/adapters/node_names.h"

#include "testing.h"

namespace instseg::tensorrt {
namespace {

TEST(IsOfANode, KnowsTheParsersNames) {
  const std::set<std::string> nodes = {"/softmax/%12", "conv_1"};
  for (const char* layer :
       {"/softmax/%12", "/softmax/%12_3", "/softmax/%12_40", "conv_1", "conv_1_2"}) {
    EXPECT_TRUE(is_of_a_node(layer, nodes));
  }
  for (const char* layer : {"/softmax/%1", "/softmax/%123", "/softmax/%12_", "/softmax/%12_x",
                            "/softmax/%12_3_4", "conv", "conv_2", "_1", "12", "", "_"}) {
    EXPECT_TRUE(!is_of_a_node(layer, nodes));
  }
}

}  // namespace
}  // namespace instseg::tensorrt

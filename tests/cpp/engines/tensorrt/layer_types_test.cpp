#include "engines/tensorrt/layer_types.h"

#include "instseg/errors.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

std::string layer(const std::string& input, const std::string& output) {
  return R"({"Name": "l", "Inputs": [{"Name": "i", "Format/Datatype": ")" + input +
         R"("}], "Outputs": [{"Name": "o", "Format/Datatype": ")" + output + R"("}]})";
}

LayerTypes of(const std::string& layers) { return layer_types(R"({"Layers": [)" + layers + "]}"); }

TEST(LayerTypes, ReadsTheNamesOfEveryVersion) {
  // TensorRT 8 names formats, 10 names types.
  for (const char* half : {"Half", "Row major linear FP16 format",
                           "Channel major FP16 format where channel % 8 == 0"}) {
    EXPECT_TRUE(of(layer(half, half)) == LayerTypes({{"fp16", 1}}));
  }
  for (const char* single : {"Float", "Row major linear FP32"}) {
    EXPECT_TRUE(of(layer(single, single)) == LayerTypes({{"fp32", 1}}));
  }
  EXPECT_TRUE(of(layer("BFloat16", "BFloat16")) == LayerTypes({{"bf16", 1}}));
  EXPECT_TRUE(of(layer("Int8", "Int8")) == LayerTypes({{"int8", 1}}));
  EXPECT_TRUE(of(layer("Int64", "Int64")) == LayerTypes({{"int", 1}}));
  EXPECT_TRUE(of(layer("x", "Four plus wide channel vectorized INT8 format")) ==
              LayerTypes({{"int8", 1}}));
}

TEST(LayerTypes, CountsALayerByItsHalves) {
  EXPECT_TRUE(of(layer("Half", "Float")) == LayerTypes({{"fp16", 1}}));
  EXPECT_TRUE(of(layer("Float", "Half")) == LayerTypes({{"fp16", 1}}));
  EXPECT_TRUE(of(layer("Half", "Float") + "," + layer("Float", "Float") + "," +
                 layer("Int32", "Float")) == LayerTypes({{"fp16", 1}, {"fp32", 2}}));
}

TEST(LayerTypes, DoesNotGuess) {
  EXPECT_TRUE(of(R"("a name alone")") == LayerTypes({{"unknown", 1}}));
  EXPECT_TRUE(of(R"({"Name": "no tensors"})") == LayerTypes({{"unknown", 1}}));
  EXPECT_TRUE(of(R"({"Outputs": [{"Format/Datatype": 5}], "Inputs": 7})") ==
              LayerTypes({{"unknown", 1}}));
  EXPECT_TRUE(of("") == LayerTypes());
  for (const char* text : {"", "[]", "{", R"({"Layers": 3})", R"({"layers": []})", "null"}) {
    EXPECT_THROWS(EngineError, "gave no JSON with \"Layers\"", layer_types(text));
  }
}

TEST(LayerTypes, AreDescribedBySize) {
  EXPECT_EQ(described({{"fp16", 93}, {"fp32", 27}}), "fp16 78 %, fp32 23 % of 120 layers");
  EXPECT_EQ(described(LayerTypes()), "none of 0 layers");
}

}  // namespace
}  // namespace instseg::tensorrt

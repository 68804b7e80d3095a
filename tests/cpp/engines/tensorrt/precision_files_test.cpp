#include "engines/tensorrt/precision_files.h"

#include "instseg/errors.h"
#include "temporary_folder.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

TEST(PrecisionFiles, KnowsThreeNames) {
  for (const char* name : {"fp32", "tf32", "fp16"}) {
    EXPECT_EQ(std::string(name_of(precision_of(name))), name);
  }
  EXPECT_THROWS(InvalidArgument, "give \"fp32\", \"tf32\" or \"fp16\"", precision_of("bf16"));
  EXPECT_THROWS(InvalidArgument, "\"\" is unknown", precision_of(""));
}

TEST(PrecisionFiles, AreTheNetworksOwnInFloat32) {
  const NetworkSpec network{.file = "/folder/main.onnx"};
  for (const Precision precision : {Precision::kFp32, Precision::kTf32}) {
    for (const bool typed : {true, false}) {
      const PrecisionFiles files = precision_files(network, precision, typed);
      EXPECT_EQ(files.onnx_file, network.file);
      EXPECT_TRUE(files.fp32_nodes.empty());
    }
  }
}

TEST(PrecisionFiles, AreBesideTheNetworkInFp16) {
  const testing::TemporaryFolder folder;
  const NetworkSpec network{.file = folder.path() / "main.onnx"};
  EXPECT_THROWS(ModelError, "main.fp16.onnx, the network in mixed precision",
                precision_files(network, Precision::kFp16, true));
  EXPECT_THROWS(ModelError, "main.fp16.fp32-nodes.txt, the names of the nodes",
                precision_files(network, Precision::kFp16, false));
  folder.write("main.fp16.onnx", "");
  folder.write("main.fp16.fp32-nodes.txt", "/a node/%3\n\n/softmax\n");
  EXPECT_EQ(precision_files(network, Precision::kFp16, true).onnx_file,
            folder.path() / "main.fp16.onnx");
  const PrecisionFiles files = precision_files(network, Precision::kFp16, false);
  EXPECT_EQ(files.onnx_file, network.file);
  EXPECT_TRUE(files.fp32_nodes == std::vector<std::string>({"/a node/%3", "/softmax"}));
}

}  // namespace
}  // namespace instseg::tensorrt

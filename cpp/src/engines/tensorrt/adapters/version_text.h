#pragma once

#include <string>

namespace instseg::tensorrt {

// What getInferLibVersion() returns as text: 8601 is "8.6.1", and from 10 on, with two digits each,
// 101600 is "10.16.0".
inline std::string version_text(int version) {
  const int base = version >= 100'000 ? 100 : 10;
  return std::to_string(version / (100 * base)) + "." + std::to_string(version / 100 % base) + "." +
         std::to_string(version % 100);
}

// Why an adapter cannot call a library; empty where it can. Interfaces grow from version to version
// within a major one (the parser of 8.6.1 has functions that the one of 8.6.0 has not).
inline std::string older_than_headers(int library, int headers) {
  if (library >= headers) return {};
  return "it was built with the headers of TensorRT " + version_text(headers) +
         ", and the library that was found is " + version_text(library) +
         ", which is older; install TensorRT " + version_text(headers) +
         " or newer, or build with the headers of " + version_text(library);
}

}  // namespace instseg::tensorrt

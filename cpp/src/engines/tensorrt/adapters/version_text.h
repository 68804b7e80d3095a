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

}  // namespace instseg::tensorrt

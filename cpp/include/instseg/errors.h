#pragma once

#include <stdexcept>
#include <string>

#include "instseg/export.h"

namespace instseg {

// Base of everything that instseg throws on purpose. what() says what was given, what was expected
// and what to do. Python raises exceptions of the same names (`instseg.errors`).
class INSTSEG_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A value from the caller is of the wrong type, shape or range.
class INSTSEG_API InvalidArgument : public Error {
 public:
  using Error::Error;
};

// A network folder is missing, damaged, not trusted or not supported.
class INSTSEG_API ModelError : public Error {
 public:
  using Error::Error;
};

// An engine is missing, refused a network, failed, or returned values that are no numbers.
class INSTSEG_API EngineError : public Error {
 public:
  using Error::Error;
};

}  // namespace instseg

#pragma once

#include <exception>
#include <string>

#include "instseg/errors.h"

namespace instseg {

// Calls `body`; whatever a library throws in it leaves as EngineError, with the library's text
// behind "<library> <version> <doing>: ". Our own errors pass as they are. `version` is a function,
// called for a message only.
template <typename Version, typename Body>
auto translate_errors(const std::string& library, const Version& version, const std::string& doing,
                      const Body& body) {
  const auto text = [&](const char* problem) {
    return library + " " + version() + " " + doing + ": " + problem;
  };
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw EngineError(text(error.what()));
  } catch (...) {
    throw EngineError(text("an unknown exception"));
  }
}

}  // namespace instseg

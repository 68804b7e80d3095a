#pragma once

#include <string>
#include <string_view>

#include "network_folder/json_object.h"
#include "preprocess/preprocess.h"

namespace instseg {

// "preprocess" of instseg.json. Throws ModelError naming the wrong key.
PreprocessSpec read_preprocess(const JsonObject& json);

}  // namespace instseg

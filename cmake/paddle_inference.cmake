# The target paddle_inference: headers and library of the official C++ package of Paddle Inference.
if(NOT PADDLE_INFERENCE_DIR)
  return()
endif()

find_path(PADDLE_INFERENCE_INCLUDE paddle_inference_api.h
          PATHS ${PADDLE_INFERENCE_DIR}/paddle/include NO_DEFAULT_PATH NO_CACHE)
find_library(PADDLE_INFERENCE_LIBRARY NAMES paddle_inference
             PATHS ${PADDLE_INFERENCE_DIR}/paddle/lib NO_DEFAULT_PATH NO_CACHE)
if(NOT PADDLE_INFERENCE_INCLUDE OR NOT PADDLE_INFERENCE_LIBRARY)
  message(FATAL_ERROR
    "PADDLE_INFERENCE_DIR=${PADDLE_INFERENCE_DIR} is not the C++ package of Paddle Inference: expected "
    "are paddle/include/paddle_inference_api.h and paddle/lib/libpaddle_inference.so in it. Give the "
    "unpacked folder, or nothing to build without that engine.")
endif()

file(GLOB paddle_openvino ${PADDLE_INFERENCE_DIR}/paddle/lib/libopenvino.so*
     ${PADDLE_INFERENCE_DIR}/third_party/install/openvino/*/libopenvino.so*
     ${PADDLE_INFERENCE_DIR}/third_party/install/openvino/*/*/libopenvino.so*)
if(paddle_openvino AND INSTSEG_OPENVINO)
  message(FATAL_ERROR
    "The Paddle Inference in ${PADDLE_INFERENCE_DIR} brings an OpenVINO of its own, and two of them in one "
    "process crash. Build with -DINSTSEG_OPENVINO=OFF for a library with the engine \"paddle_inference\" alone.")
endif()

add_library(paddle_inference SHARED IMPORTED GLOBAL)
set_target_properties(paddle_inference PROPERTIES
  IMPORTED_LOCATION ${PADDLE_INFERENCE_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${PADDLE_INFERENCE_INCLUDE})
# What it needs in turn (third_party/install/*/lib) is looked for when a program starts, by
# LD_LIBRARY_PATH.
target_link_options(paddle_inference INTERFACE
  -Wl,--allow-shlib-undefined "-Wl,-rpath,${PADDLE_INFERENCE_DIR}/paddle/lib")

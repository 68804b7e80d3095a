# Adapters of the TensorRT engine, one per major version whose headers are given: TENSORRT_ROOT is a list of
# folders (separated by ";", in the environment by ":" too), each an unpacked archive of TensorRT, or any
# folder whose include/ holds NvInfer.h and NvOnnxParser.h. Libraries are not needed to build. The headers include
# CUDA's cuda_runtime_api.h.
#
# Sets INSTSEG_TENSORRT_MAJORS, e.g. "8;10", for each INSTSEG_TENSORRT_INCLUDE_<major>, and INSTSEG_CUDA_INCLUDE.
set(INSTSEG_TENSORRT_MAJORS "")
if(NOT TENSORRT_ROOT)
  return()
endif()
set(INSTSEG_TENSORRT_KNOWN 8 10 11)

find_path(INSTSEG_CUDA_INCLUDE cuda_runtime_api.h
          HINTS ${CUDAToolkit_ROOT}/include $ENV{CUDA_HOME}/include $ENV{CUDA_PATH}/include
          PATHS /usr/local/cuda/include)
if(NOT INSTSEG_CUDA_INCLUDE)
  message(FATAL_ERROR
    "TENSORRT_ROOT=${TENSORRT_ROOT} asks for the TensorRT engine, whose headers include CUDA's "
    "cuda_runtime_api.h, and that was not found. Give the CUDA toolkit's folder in CUDA_HOME or "
    "-DCUDAToolkit_ROOT=..., or build without TENSORRT_ROOT.")
endif()

foreach(root IN LISTS TENSORRT_ROOT)
  unset(include)
  find_path(include NvInferVersion.h
            PATHS ${root}/include ${root}/include/x86_64-linux-gnu ${root} NO_DEFAULT_PATH NO_CACHE)
  if(NOT include OR NOT EXISTS ${include}/NvInfer.h OR NOT EXISTS ${include}/NvOnnxParser.h)
    message(FATAL_ERROR
      "TENSORRT_ROOT names ${root}, and there are no headers of TensorRT: expected are include/NvInfer.h, "
      "include/NvInferVersion.h and include/NvOnnxParser.h in it. Give the unpacked archive, or nothing to build without "
      "that engine (docs/tensorrt-build.md).")
  endif()
  # NV_TENSORRT_MAJOR is a number, or from 10.11 on the name of one.
  file(STRINGS ${include}/NvInferVersion.h lines REGEX "^#define (NV_TENSORRT_MAJOR|TRT_MAJOR_ENTERPRISE) [0-9]+")
  string(REGEX MATCH "(NV_TENSORRT_MAJOR|TRT_MAJOR_ENTERPRISE) ([0-9]+)" ignored "${lines}")
  set(major "${CMAKE_MATCH_2}")
  if(NOT major IN_LIST INSTSEG_TENSORRT_KNOWN)
    message(FATAL_ERROR "TENSORRT_ROOT names ${root}, the headers of TensorRT \"${major}\"; there are adapters for "
                        "8.6, 10 and 11.")
  endif()
  if(major IN_LIST INSTSEG_TENSORRT_MAJORS)
    message(FATAL_ERROR "TENSORRT_ROOT=${TENSORRT_ROOT} names two versions of TensorRT ${major}; give one of them.")
  endif()
  list(APPEND INSTSEG_TENSORRT_MAJORS ${major})
  set(INSTSEG_TENSORRT_INCLUDE_${major} ${include})
endforeach()
message(STATUS "Adapters for TensorRT: ${INSTSEG_TENSORRT_MAJORS}")

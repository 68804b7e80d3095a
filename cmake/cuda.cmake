# INSTSEG_CUDA: the CUDA kernels (cpp/src/cuda), with the CUDA runtime linked statically. Their machine
# code is for Turing (T4) to Hopper; PTX lets the driver translate for later GPUs.
if(NOT INSTSEG_CUDA)
  return()
endif()

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 86-real 89-real 90)
endif()
include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR
    "INSTSEG_CUDA=ON needs nvcc of CUDA 11.8 or later, and none was found. Put it on the PATH or give it by "
    "-DCMAKE_CUDA_COMPILER=/usr/local/cuda/bin/nvcc; without INSTSEG_CUDA everything else is built.")
endif()
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
enable_language(CUDA)
if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 11.8)
  message(FATAL_ERROR
    "INSTSEG_CUDA=ON needs CUDA 11.8 or later; ${CMAKE_CUDA_COMPILER} is of ${CMAKE_CUDA_COMPILER_VERSION}.")
endif()
find_package(CUDAToolkit REQUIRED)

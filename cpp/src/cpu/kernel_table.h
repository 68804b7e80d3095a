#pragma once

#include "cpu/isa.h"

// A folder with kernels has one table of functions, `struct FooKernels`, and in its kernel source
// `extern const FooKernels kFooKernels` in `namespace instseg::INSTSEG_ISA`, compiled once per
// instruction set by instseg_kernel() (cmake/kernel.cmake). INSTSEG_DECLARE_KERNELS (inside
// namespace instseg) declares these tables, INSTSEG_ACTIVE_KERNELS is the one for active_isa().
#if defined(__x86_64__)

#define INSTSEG_DECLARE_KERNELS(Type, table) \
  namespace scalar {                         \
  extern const Type table;                   \
  }                                          \
  namespace avx2 {                           \
  extern const Type table;                   \
  }                                          \
  namespace avx512 {                         \
  extern const Type table;                   \
  }

#define INSTSEG_ACTIVE_KERNELS(table)                                 \
  (::instseg::active_isa() == ::instseg::Isa::kAvx512 ? avx512::table \
   : ::instseg::active_isa() == ::instseg::Isa::kAvx2 ? avx2::table   \
                                                      : scalar::table)

#else

#define INSTSEG_DECLARE_KERNELS(Type, table) \
  namespace scalar {                         \
  extern const Type table;                   \
  }
#define INSTSEG_ACTIVE_KERNELS(table) (scalar::table)

#endif

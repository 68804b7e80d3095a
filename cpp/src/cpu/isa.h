#pragma once

namespace instseg {

// Instruction sets for which every kernel is compiled (cmake/kernel.cmake).
enum class Isa { kScalar, kAvx2, kAvx512 };

// The best set that this machine has, or the one that the environment variable INSTSEG_CPU
// (scalar, avx2, avx512) asks for if the machine has it; decided once per process.
Isa active_isa();

const char* isa_name(Isa isa);

}  // namespace instseg

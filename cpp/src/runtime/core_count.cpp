#include "runtime/core_count.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace instseg {
namespace {

#if defined(__linux__)

// Cores by the list of their hardware threads, e.g. "0,16", or the CPU's own number.
std::size_t cores_of_affinity() {
  // Room for more CPUs than any kernel supports (CONFIG_NR_CPUS).
  constexpr int kMaxCpus = 8192;
  cpu_set_t* const cpus = CPU_ALLOC(kMaxCpus);
  if (cpus == nullptr) return 0;
  const std::size_t size = CPU_ALLOC_SIZE(kMaxCpus);
  std::set<std::string> cores;
  if (sched_getaffinity(0, size, cpus) == 0) {
    for (int cpu = 0; cpu < kMaxCpus; ++cpu) {
      if (!CPU_ISSET_S(cpu, size, cpus)) continue;
      std::string siblings;
      std::ifstream file("/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                         "/topology/thread_siblings_list");
      std::getline(file, siblings);
      cores.insert(siblings.empty() ? "cpu" + std::to_string(cpu) : siblings);
    }
  }
  CPU_FREE(cpus);
  return cores.size();
}

// CPUs' worth of time that the container grants; 0 = no limit known.
double container_quota() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");  // "200000 100000" or "max 100000"
  double quota = 0;
  double period = 0;
  return file >> quota >> period && period > 0 ? quota / period : 0;
}

#else

std::size_t cores_of_affinity() { return std::thread::hardware_concurrency(); }
double container_quota() { return 0; }

#endif

}  // namespace

int usable_cores() {
  int cores = std::max(1, static_cast<int>(cores_of_affinity()));
  const double quota = container_quota();
  if (quota > 0) cores = std::clamp(static_cast<int>(std::ceil(quota)), 1, cores);
  return cores;
}

}  // namespace instseg

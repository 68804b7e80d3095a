#pragma once

namespace instseg {

// Physical cores that this process may use: those of its CPU affinity, hardware threads of one core
// counted once, and no more than a container's CPU quota (cgroup v2) allows. At least 1.
int usable_cores();

}  // namespace instseg

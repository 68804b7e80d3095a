#include "engines/tensorrt/build_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace instseg::tensorrt {

BuildLock::BuildLock(const std::filesystem::path& file) : descriptor_(-1) {
  std::error_code ignored;
  if (file.empty()) return;
  std::filesystem::create_directories(file.parent_path(), ignored);
  descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  while (descriptor_ != -1 && flock(descriptor_, LOCK_EX) == -1 && errno == EINTR) {
  }
}

BuildLock::~BuildLock() {
  if (descriptor_ == -1) return;
  // Closing alone would leave the lock to a child that was forked meanwhile.
  flock(descriptor_, LOCK_UN);
  close(descriptor_);
}

}  // namespace instseg::tensorrt

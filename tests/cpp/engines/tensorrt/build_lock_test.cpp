#include "engines/tensorrt/build_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "temporary_folder.h"
#include "testing.h"

namespace instseg::tensorrt {
namespace {

TEST(BuildLock, LetsOneThreadIn) {
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "made" / "plan.lock";
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        const BuildLock lock(file);
        const int now = ++inside;
        if (now > most) most = now;
        std::this_thread::yield();
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
}

TEST(BuildLock, HoldsOffOtherProcesses) {
  const testing::TemporaryFolder folder;
  const auto file = folder.path() / "plan.lock";
  pid_t child = 0;
  {
    const BuildLock lock(file);
    child = fork();
    if (child == 0) {
      const BuildLock theirs(file);
      _exit(0);
    }
    ASSERT_TRUE(child > 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_EQ(waitpid(child, nullptr, WNOHANG), 0);  // still waits
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(BuildLock, IsNoneWhereTheFileCannotBeMade) {
  // Two at once in one thread: with a lock the second would wait forever.
  const BuildLock none{std::filesystem::path()};
  const BuildLock none_either{std::filesystem::path()};
  const BuildLock one("/proc/no such folder/plan.lock");
  const BuildLock two("/proc/no such folder/plan.lock");
  EXPECT_TRUE(!std::filesystem::exists("/proc/no such folder/plan.lock"));
}

}  // namespace
}  // namespace instseg::tensorrt

#include "families/mask_drawing.h"

#include <atomic>
#include <vector>

#include "testing.h"

namespace instseg {
namespace {

struct Workspace {
  std::atomic<bool> busy{false};
  Workspace() = default;
  Workspace(Workspace&&) noexcept {}
};

TEST(MaskDrawing, DrawsEachOnceAndSharesNoWorkspace) {
  for (const int threads : {1, 2, 5}) {
    const ThreadPool pool(threads);
    std::vector<Workspace> workspaces;
    std::vector<std::atomic<int>> drawn(100);
    std::atomic<int> shared{0};
    draw_in_parallel(drawn.size(), pool, workspaces, [&](std::size_t item, Workspace& workspace) {
      if (workspace.busy.exchange(true)) ++shared;
      ++drawn[item];
      workspace.busy = false;
    });
    for (const std::atomic<int>& count : drawn) EXPECT_EQ(count.load(), 1);
    EXPECT_EQ(shared.load(), 0);
    EXPECT_EQ(workspaces.size(), static_cast<std::size_t>(threads));
  }
}

TEST(MaskDrawing, NeedsNothingForNothing) {
  const ThreadPool pool(3);
  std::vector<Workspace> workspaces;
  bool called = false;
  draw_in_parallel(0, pool, workspaces, [&](std::size_t, Workspace&) { called = true; });
  EXPECT_TRUE(!called);
  EXPECT_TRUE(workspaces.empty());
}

}  // namespace
}  // namespace instseg

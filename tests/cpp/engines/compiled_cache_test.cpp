#include "engines/compiled_cache.h"

#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "temporary_folder.h"
#include "testing.h"

namespace instseg {
namespace {

namespace fs = std::filesystem;
using testing::TemporaryFolder;

std::optional<std::string> read(const CompiledCache& cache) {
  std::string blob;
  const auto allocate = [&](std::size_t size) {
    blob.resize(size);
    return std::as_writable_bytes(std::span(blob));
  };
  if (!cache.read(allocate)) return std::nullopt;
  return blob;
}

void write(const CompiledCache& cache, const std::string& blob) {
  cache.write([&](std::ostream& stream) { stream << blob; });
}

std::string random_blob(std::size_t size, unsigned seed) {
  testing::Random random(seed);
  std::string blob(size, '\0');
  for (char& byte : blob) byte = static_cast<char>(random.integer(0, 255));
  return blob;
}

std::string content_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::size_t num_files(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(CompiledCache, GivesBackWhatWasWritten) {
  const TemporaryFolder folder;
  const CompiledCache cache(folder.path() / "made" / "when needed", "a key");
  EXPECT_TRUE(!read(cache));
  const std::size_t mebibyte = std::size_t{1} << 20;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{8}, std::size_t{4097},
                                 mebibyte, mebibyte + 1, 3 * mebibyte - 5}) {
    const std::string blob = random_blob(size, 5);
    write(cache, blob);
    EXPECT_TRUE(read(cache) == blob);
  }
  EXPECT_EQ(num_files(cache.file().parent_path()), 1u);
}

TEST(CompiledCache, TellsKeysApart) {
  const TemporaryFolder folder;
  const CompiledCache one(folder.path(), "key 1");
  const CompiledCache two(folder.path(), "key 2");
  write(one, "blob 1");
  EXPECT_TRUE(!read(two));
  write(two, "blob 2");
  EXPECT_TRUE(read(one) == "blob 1" && read(two) == "blob 2");
  // Even where two keys should have the same file.
  fs::rename(one.file(), two.file());
  EXPECT_TRUE(!read(two));
}

TEST(CompiledCache, NeverGivesADamagedBlob) {
  const TemporaryFolder folder;
  const CompiledCache cache(folder.path(), "a key");
  write(cache, random_blob(3000, 6));
  const std::string good = content_of(cache.file());
  const std::string name = cache.file().filename();
  testing::Random random(7);
  for (int i = 0; i < 600; ++i) {
    std::string bad = good;
    // Zeros between key and blob are the only bytes that do not count.
    const auto size = static_cast<int>(bad.size());
    const int place = i < 45 ? i : random.integer(4096, size - 1);
    bad[static_cast<std::size_t>(place)] ^= static_cast<char>(1 << random.integer(0, 7));
    folder.write(name, bad);
    if (!EXPECT_TRUE(!read(cache))) return;
  }
  for (std::size_t size = 0; size < good.size(); size += size < 60 ? 1 : 501) {
    folder.write(name, good.substr(0, size));
    EXPECT_TRUE(!read(cache));
  }
  folder.write(name, good + "x");
  EXPECT_TRUE(!read(cache));
  folder.write(name, std::string(good.size(), '\0'));
  EXPECT_TRUE(!read(cache));
  // Two blocks swapped.
  std::string swapped = good;
  std::swap_ranges(swapped.end() - 2000, swapped.end() - 1000, swapped.end() - 1000);
  folder.write(name, swapped);
  EXPECT_TRUE(!read(cache));
  folder.write(name, good);
  EXPECT_TRUE(read(cache).has_value());
}

TEST(CompiledCache, BelievesNoSize) {
  const TemporaryFolder folder;
  const CompiledCache cache(folder.path(), "a key");
  write(cache, "blob");
  std::string bad = content_of(cache.file());
  bad[24 + 7] = 0x7f;  // the highest byte of the blob's size
  folder.write(cache.file().filename(), bad);
  EXPECT_TRUE(!cache.read(
      [](std::size_t) -> std::span<std::byte> { throw std::runtime_error("asked for memory"); }));
}

TEST(CompiledCache, DoesNotTrustAFileThatOthersMayWrite) {
  const TemporaryFolder folder;
  const CompiledCache cache(folder.path(), "a key");
  write(cache, "blob");
  EXPECT_TRUE(read(cache) == "blob");
  for (const fs::perms others : {fs::perms::group_write, fs::perms::others_write}) {
    fs::permissions(cache.file(), fs::perms::owner_all | others);
    EXPECT_TRUE(!read(cache));
  }
  fs::permissions(cache.file(), fs::perms::owner_all | fs::perms::others_read);
  EXPECT_TRUE(read(cache) == "blob");
  write(cache, "again");  // in place of whatever is there
  EXPECT_TRUE(read(cache) == "again");
}

TEST(CompiledCache, DoesNotTrustAnotherUsersFile) {
  if (geteuid() != 0) SKIP("giving a file to another user needs root");
  const TemporaryFolder folder;
  const CompiledCache cache(folder.path(), "a key");
  write(cache, "blob");
  ASSERT_EQ(chown(cache.file().c_str(), 12345, static_cast<gid_t>(-1)), 0);
  EXPECT_TRUE(!read(cache));
}

TEST(CompiledCache, KeepsNothingOfAFailedWrite) {
  const TemporaryFolder folder;
  const CompiledCache cache(folder.path(), "a key");
  cache.write([](std::ostream& stream) {
    stream << "half a blob";
    throw std::runtime_error("planned");
  });
  cache.write([](std::ostream& stream) { stream.setstate(std::ios::badbit); });
  EXPECT_TRUE(!read(cache));
  EXPECT_EQ(num_files(folder.path()), 0u);
  write(cache, "good");
  cache.write([](std::ostream&) { throw 1; });
  EXPECT_TRUE(read(cache) == "good");
}

TEST(CompiledCache, IsEmptyWhereTheFolderCannotBeUsed) {
  const TemporaryFolder folder;
  folder.write("file", "");
  for (const fs::path& path :
       {fs::path(), fs::path("/proc/no such folder"), folder.path() / "file"}) {
    const CompiledCache cache(path, "a key");
    write(cache, "blob");
    EXPECT_TRUE(!read(cache));
  }
  // A folder in the place of the file.
  const CompiledCache cache(folder.path(), "a key");
  fs::create_directory(cache.file());
  write(cache, "blob");
  EXPECT_TRUE(!read(cache));
}

TEST(CompiledCache, MayBeWrittenAndReadByManyAtOnce) {
  const TemporaryFolder folder;
  const std::string blobs[] = {random_blob(50'000, 1), random_blob(90'000, 2)};
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const CompiledCache cache(folder.path(), "a key");
      for (int i = 0; i < 30; ++i) {
        if (t < 2) write(cache, blobs[t]);
        const std::optional<std::string> seen = read(cache);
        if (seen && *seen != blobs[0] && *seen != blobs[1]) ++wrong[t];
        if (t < 2 && !seen) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : wrong) EXPECT_EQ(count, 0);
  EXPECT_EQ(num_files(folder.path()), 1u);
}

}  // namespace
}  // namespace instseg

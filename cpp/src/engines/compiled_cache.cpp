#include "engines/compiled_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

namespace instseg {
namespace {

namespace fs = std::filesystem;

// The file: a Header, the key, zeros up to kBlobOffset, the blob.
constexpr std::size_t kBlobOffset = 4096;  // a page, so that the blob's own alignment stays
constexpr std::array<char, 16> kMagic = {'i', 'n', 's', 't', 's', 'e', 'g', ' ',
                                         'c', 'o', 'm', 'p', 'i', 'l', 'e', '1'};

struct Header {
  std::array<char, 16> magic = kMagic;
  std::uint64_t key_size = 0;
  std::uint64_t blob_size = 0;
  std::uint64_t checksum = 0;  // of key and blob
};

// 64 bits of any sequence of bytes, eight at a time; a changed word changes the sum, as every step
// can be undone. Blocks but the last must be multiples of eight bytes.
class Checksum {
 public:
  void add(const void* data, std::size_t size) {
    const char* const bytes = static_cast<const char*>(data);
    std::size_t i = 0;
    for (; i + 8 <= size; i += 8) {
      std::uint64_t word;
      std::memcpy(&word, bytes + i, 8);
      add_word(word);
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, bytes + i, size - i);
    add_word(rest);
    add_word(size);
  }
  std::uint64_t value() const { return sum_ ^ (sum_ >> 32); }

 private:
  void add_word(std::uint64_t word) {
    sum_ = std::rotl(sum_ ^ word, 29) * 0x9e3779b97f4a7c15u;  // odd: 2^64 / golden ratio
  }
  std::uint64_t sum_ = 0x6a09e667f3bcc908u;
};

std::string hex(std::uint64_t value) {
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[(value >> shift) & 15];
  return text;
}

// A file that disappears unless it is given a name.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& folder) : path_((folder / "compiling-XXXXXX").string()) {
    const int descriptor = mkstemp(path_.data());
    if (descriptor == -1) throw fs::filesystem_error("mkstemp", std::error_code());
    close(descriptor);
  }
  ~TemporaryFile() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  void rename(const fs::path& name) {
    fs::rename(path_, name);
    path_.clear();
  }

 private:
  std::string path_;
};

// A file open for reading, of this user and written by nobody else; closed at the end of its life.
class OwnFile {
 public:
  explicit OwnFile(const fs::path& path) : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    struct stat status = {};
    // Of the file that is open: another may have taken its name by now.
    if (descriptor_ == -1 || fstat(descriptor_, &status) != 0) return;
    is_own_ = S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
              (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~OwnFile() {
    if (descriptor_ != -1) close(descriptor_);
  }
  OwnFile(const OwnFile&) = delete;
  OwnFile& operator=(const OwnFile&) = delete;

  bool is_own() const { return is_own_; }
  std::uint64_t size() const { return size_; }
  bool read(void* data, std::size_t size, std::uint64_t place) const {
    char* bytes = static_cast<char*>(data);
    while (size > 0) {
      const ssize_t done = pread(descriptor_, bytes, size, static_cast<off_t>(place));
      if (done <= 0) return false;
      bytes += done;
      size -= static_cast<std::size_t>(done);
      place += static_cast<std::uint64_t>(done);
    }
    return true;
  }

 private:
  int descriptor_;
  bool is_own_ = false;
  std::uint64_t size_ = 0;
};

// Throws std::ios_base::failure where the blob cannot be read back.
void seal(std::fstream& stream, const std::string& key) {
  Header header;
  Checksum checksum;
  checksum.add(key.data(), key.size());
  stream.seekg(0, std::ios::end);
  header.key_size = key.size();
  header.blob_size = static_cast<std::uint64_t>(stream.tellg()) - kBlobOffset;
  stream.seekg(kBlobOffset);
  std::vector<char> block(std::size_t{1} << 20);
  for (std::uint64_t left = header.blob_size; left > 0;) {
    const std::size_t size = std::min<std::uint64_t>(left, block.size());
    stream.read(block.data(), static_cast<std::streamsize>(size));
    checksum.add(block.data(), size);
    left -= size;
  }
  header.checksum = checksum.value();
  stream.seekp(0);
  stream.write(reinterpret_cast<const char*>(&header), sizeof header);
  stream.write(key.data(), static_cast<std::streamsize>(key.size()));
}

}  // namespace

CompiledCache::CompiledCache(fs::path folder, std::string key)
    : folder_(std::move(folder)), key_(std::move(key)) {
  Checksum name;
  name.add(key_.data(), key_.size());
  file_ = folder_ / (hex(name.value()) + ".compiled");
}

bool CompiledCache::read(
    const std::function<std::span<std::byte>(std::size_t size)>& allocate) const {
  if (folder_.empty()) return false;
  const OwnFile file(file_);
  Header header;
  std::string key(key_.size(), '\0');
  if (!file.is_own() || !file.read(&header, sizeof header, 0) ||
      !file.read(key.data(), key.size(), sizeof header) || header.magic != kMagic ||
      header.key_size != key_.size() || key != key_ || file.size() < kBlobOffset ||
      file.size() - kBlobOffset != header.blob_size) {
    return false;
  }

  const std::span<std::byte> blob = allocate(header.blob_size);
  Checksum checksum;
  checksum.add(key.data(), key.size());
  constexpr std::size_t kBlock = std::size_t{1} << 20;  // as in seal()
  for (std::size_t done = 0; done < blob.size();) {
    const std::size_t size = std::min(kBlock, blob.size() - done);
    if (!file.read(blob.data() + done, size, kBlobOffset + done)) return false;
    checksum.add(blob.data() + done, size);
    done += size;
  }
  return checksum.value() == header.checksum;
}

void CompiledCache::write(
    const std::function<void(std::ostream& stream)>& write_blob) const noexcept {
  if (folder_.empty() || sizeof(Header) + key_.size() > kBlobOffset) return;
  try {
    if (fs::create_directories(folder_)) fs::permissions(folder_, fs::perms::owner_all);
    TemporaryFile temporary(folder_);
    std::fstream stream;
    stream.exceptions(std::ios::failbit | std::ios::badbit);
    stream.open(temporary.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::vector<char> zeros(kBlobOffset);
    stream.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
    write_blob(stream);
    seal(stream, key_);
    stream.close();
    temporary.rename(file_);
  } catch (...) {
    // No cache, no harm: the next load compiles again.
  }
}

}  // namespace instseg

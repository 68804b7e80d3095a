#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>

namespace instseg {

// A network that an engine compiled, kept in a folder as one file. The file says what it was made
// from (the key) and carries a checksum, so whatever is damaged, cut short or made from something
// else counts as absent; so does a file that another user owns or may write, for engines trust what
// they import. It gets its name once it is complete: processes that share the folder never see half
// a file. A folder that cannot be made, read or written is as good as none; networks are then
// compiled at every load. The checksum tells accidents, not attacks: keep the folder private.
class CompiledCache {
 public:
  // key: everything that the compiled network depends on. An empty folder holds nothing.
  CompiledCache(std::filesystem::path folder, std::string key);

  // Hands `allocate` the size of the blob, reads it into the memory that comes back, and returns
  // true; false where there is none. Throws what `allocate` throws.
  bool read(const std::function<std::span<std::byte>(std::size_t size)>& allocate) const;

  // Keeps what `write_blob` writes, in place of what was there; keeps nothing where a write fails
  // or `write_blob` throws. Throws nothing.
  void write(const std::function<void(std::ostream& stream)>& write_blob) const noexcept;

  // The file that this key has or would have.
  const std::filesystem::path& file() const { return file_; }

 private:
  std::filesystem::path folder_;
  std::string key_;
  std::filesystem::path file_;
};

}  // namespace instseg

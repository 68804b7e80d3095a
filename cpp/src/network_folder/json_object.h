#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace instseg {

// Parses JSON text that nobody vouches for. `what` names the text in messages. Throws ModelError
// where it is no JSON, or nested deeper than any network folder's.
nlohmann::json parse_json(std::string_view text, const std::string& what);

// Checked access to one JSON object. Every method throws ModelError saying where the value stands,
// what it is and what was expected. Keys nobody asks for are ignored.
class JsonObject {
 public:
  // `content` is borrowed. `what` is where it stands, e.g. "/models/a/instseg.json: networks[0]".
  JsonObject(const nlohmann::json& content, std::string what);

  const std::string& what() const { return what_; }
  bool has(const char* key) const;

  JsonObject object(const char* key) const;
  // Entries of a list of objects; at least 1, at most `most`.
  std::vector<JsonObject> objects(const char* key, std::size_t most) const;

  bool boolean(const char* key) const;
  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) const;
  double number(const char* key, double low, double high) const;
  std::string text(const char* key) const;  // not empty
  // The index in `allowed` of the text.
  std::size_t one_of(const char* key, std::span<const std::string_view> allowed) const;
  std::string sha256(const char* key) const;

  std::vector<std::string> texts(const char* key, std::size_t most) const;  // 1 to most, none empty
  std::vector<std::int64_t> integers(const char* key, std::size_t most, std::int64_t low,
                                     std::int64_t high) const;
  std::vector<double> numbers(const char* key, std::size_t count, double low, double high) const;

  // Throws ModelError: "<what>: '<key>' is <found>, expected <expected>; import the model again
  // ...".
  [[noreturn]] void refuse(const char* key, const std::string& expected) const;

 private:
  const nlohmann::json& get(const char* key) const;
  const nlohmann::json& list(const char* key, std::size_t least, std::size_t most) const;

  const nlohmann::json* content_;
  std::string what_;
};

}  // namespace instseg

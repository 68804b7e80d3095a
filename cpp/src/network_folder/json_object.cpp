#include "network_folder/json_object.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "instseg/errors.h"

namespace instseg {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxShownBytes = 80;
constexpr const char* kRemedy = "; import the model again with `instseg import`";

std::string shown(const json& value) {
  if (value.is_object()) return "an object of " + std::to_string(value.size()) + " keys";
  if (value.is_array() && value.size() > 16) {
    return "a list of " + std::to_string(value.size()) + " entries";
  }
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  if (text.size() > kMaxShownBytes) text = text.substr(0, kMaxShownBytes) + "...";
  return text;
}

std::string shown(double value) {
  std::string text = json(value).dump();
  if (text.size() > 2 && text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string range(const std::string& low, const std::string& high) { return low + " to " + high; }

bool is_integer(const json& value, std::int64_t low, std::int64_t high) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return high >= 0 && number <= static_cast<std::uint64_t>(high) &&
           (low < 0 || number >= static_cast<std::uint64_t>(low));
  }
  if (!value.is_number_integer()) return false;
  const auto number = value.get<std::int64_t>();
  return number >= low && number <= high;
}

bool is_number(const json& value, double low, double high) {
  if (!value.is_number()) return false;
  const auto number = value.get<double>();
  return number >= low && number <= high;  // false for what is not finite
}

bool is_text(const json& value) {
  return value.is_string() && !value.get_ref<const std::string&>().empty();
}

}  // namespace

json parse_json(std::string_view text, const std::string& what) {
  const auto check_depth = [&](int depth, json::parse_event_t, json&) {
    if (depth > kMaxDepth) {
      throw ModelError(what + " is nested deeper than " + std::to_string(kMaxDepth) + " levels" +
                       kRemedy);
    }
    return true;
  };
  try {
    return json::parse(text, check_depth);
  } catch (const json::exception& error) {
    throw ModelError(what + " is no valid JSON (" + error.what() + ")" + kRemedy);
  }
}

JsonObject::JsonObject(const json& content, std::string what)
    : content_(&content), what_(std::move(what)) {
  if (!content.is_object()) {
    throw ModelError(what_ + " is " + shown(content) + ", expected an object" + kRemedy);
  }
}

bool JsonObject::has(const char* key) const { return content_->contains(key); }

const json& JsonObject::get(const char* key) const {
  const auto found = content_->find(key);
  if (found == content_->end()) throw ModelError(what_ + ": '" + key + "' is missing" + kRemedy);
  return *found;
}

void JsonObject::refuse(const char* key, const std::string& expected) const {
  throw ModelError(what_ + ": '" + key + "' is " + shown(get(key)) + ", expected " + expected +
                   kRemedy);
}

JsonObject JsonObject::object(const char* key) const {
  if (!get(key).is_object()) refuse(key, "an object");
  return {get(key), what_ + ": " + key};
}

const json& JsonObject::list(const char* key, std::size_t least, std::size_t most) const {
  const json& value = get(key);
  if (!value.is_array() || value.size() < least || value.size() > most) {
    refuse(key, "a list of " +
                    (least == most ? std::to_string(least)
                                   : range(std::to_string(least), std::to_string(most))) +
                    " entries");
  }
  return value;
}

std::vector<JsonObject> JsonObject::objects(const char* key, std::size_t most) const {
  std::vector<JsonObject> all;
  for (const json& entry : list(key, 1, most)) {
    all.emplace_back(entry, what_ + ": " + key + "[" + std::to_string(all.size()) + "]");
  }
  return all;
}

bool JsonObject::boolean(const char* key) const {
  if (!get(key).is_boolean()) refuse(key, "true or false");
  return get(key).get<bool>();
}

std::int64_t JsonObject::integer(const char* key, std::int64_t low, std::int64_t high) const {
  if (!is_integer(get(key), low, high)) {
    refuse(key, "a whole number, " + range(std::to_string(low), std::to_string(high)));
  }
  return get(key).get<std::int64_t>();
}

double JsonObject::number(const char* key, double low, double high) const {
  if (!is_number(get(key), low, high)) refuse(key, "a number, " + range(shown(low), shown(high)));
  return get(key).get<double>();
}

std::string JsonObject::text(const char* key) const {
  if (!is_text(get(key))) refuse(key, "a text that is not empty");
  return get(key).get<std::string>();
}

std::size_t JsonObject::one_of(const char* key, std::span<const std::string_view> allowed) const {
  const json& value = get(key);
  if (value.is_string()) {
    const auto found =
        std::find(allowed.begin(), allowed.end(), value.get_ref<const std::string&>());
    if (found != allowed.end()) return static_cast<std::size_t>(found - allowed.begin());
  }
  std::string names;
  for (const std::string_view name : allowed) {
    names += (names.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  }
  refuse(key, allowed.size() == 1 ? names : "one of " + names);
}

std::string JsonObject::sha256(const char* key) const {
  std::string digest = text(key);
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (digest.size() != 64 || !std::all_of(digest.begin(), digest.end(), is_hex)) {
    refuse(key, "a SHA-256 as 64 lower-case hex digits");
  }
  return digest;
}

std::vector<std::string> JsonObject::texts(const char* key, std::size_t most) const {
  std::vector<std::string> all;
  for (const json& entry : list(key, 1, most)) {
    if (!is_text(entry)) {
      throw ModelError(what_ + ": " + key + "[" + std::to_string(all.size()) + "] is " +
                       shown(entry) + ", expected a text that is not empty" + kRemedy);
    }
    all.push_back(entry.get<std::string>());
  }
  return all;
}

std::vector<std::int64_t> JsonObject::integers(const char* key, std::size_t most, std::int64_t low,
                                               std::int64_t high) const {
  std::vector<std::int64_t> all;
  for (const json& entry : list(key, 0, most)) {
    if (!is_integer(entry, low, high)) {
      refuse(key, "whole numbers, " + range(std::to_string(low), std::to_string(high)));
    }
    all.push_back(entry.get<std::int64_t>());
  }
  return all;
}

std::vector<double> JsonObject::numbers(const char* key, std::size_t count, double low,
                                        double high) const {
  std::vector<double> all;
  for (const json& entry : list(key, count, count)) {
    if (!is_number(entry, low, high)) refuse(key, "numbers, " + range(shown(low), shown(high)));
    all.push_back(entry.get<double>());
  }
  return all;
}

}  // namespace instseg

#include "network_folder/json_object.h"

#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "instseg/errors.h"
#include "testing.h"

namespace instseg {
namespace {

using nlohmann::json;

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

TEST(ParseJson, NamesTheTextAndTheFault) {
  for (const char* text : {"", "{", "{} {}", "{'a': 1}", "{\"a\": NaN}", "{\"a\": 1e999}", "\xff",
                           "{\"a\": \"\xc3\x28\"}", "[1,]", "{\"a\": 01}"}) {
    EXPECT_THROWS(ModelError, "a.json is no valid JSON", parse_json(text, "a.json"));
  }
  EXPECT_THROWS(ModelError, "import the model again", parse_json("{", "a.json"));
}

TEST(ParseJson, RefusesDeepNesting) {
  EXPECT_TRUE(parse_json(nested(16), "a.json").is_array());
  EXPECT_THROWS(ModelError, "a.json is nested deeper than 16 levels",
                parse_json(nested(18), "a.json"));
  // Deep enough to overflow the stack of a recursive parser, and never closed.
  EXPECT_THROWS(ModelError, "nested deeper", parse_json(std::string(1'000'000, '['), "a.json"));
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  EXPECT_THROWS(ModelError, "nested deeper", parse_json(objects, "a.json"));
}

TEST(JsonObject, IsAnObject) {
  const json list = json::parse("[1, 2]");
  EXPECT_THROWS(ModelError, "here is [1,2], expected an object", JsonObject(list, "here"));
}

TEST(JsonObject, NamesAMissingKey) {
  const json content = json::parse(R"({"a": 1})");
  const JsonObject object(content, "here");
  EXPECT_TRUE(object.has("a"));
  EXPECT_TRUE(!object.has("b"));
  EXPECT_THROWS(ModelError, "here: 'b' is missing", object.integer("b", 0, 1));
  EXPECT_THROWS(ModelError, "here: 'b' is missing", object.object("b"));
  EXPECT_THROWS(ModelError, "here: 'b' is missing", object.texts("b", 1));
}

TEST(JsonObject, ReadsWholeNumbersInARange) {
  const json content = json::parse(R"({
    "low": -5, "high": 7, "real": 1.0, "text": "1", "truth": true, "null": null,
    "huge": 18446744073709551615
  })");
  const JsonObject object(content, "here");
  EXPECT_EQ(object.integer("low", -5, 7), -5);
  EXPECT_EQ(object.integer("high", -5, 7), 7);
  EXPECT_THROWS(ModelError, "'low' is -5, expected a whole number, -4 to 7",
                object.integer("low", -4, 7));
  EXPECT_THROWS(ModelError, "'high' is 7", object.integer("high", -5, 6));
  EXPECT_THROWS(ModelError, "'high' is 7", object.integer("high", -5, -1));
  for (const char* key : {"real", "text", "truth", "huge", "null"}) {
    EXPECT_THROWS(ModelError, std::string("'") + key + "' is",
                  object.integer(key, std::numeric_limits<std::int64_t>::min(),
                                 std::numeric_limits<std::int64_t>::max()));
  }
}

TEST(JsonObject, ReadsNumbersInARange) {
  const json content = json::parse(R"({"whole": 1, "real": 0.25, "text": "0.5", "truth": true})");
  const JsonObject object(content, "here");
  EXPECT_EQ(object.number("whole", 0, 1), 1.0);
  EXPECT_EQ(object.number("real", 0.25, 1), 0.25);
  EXPECT_THROWS(ModelError, "'real' is 0.25, expected a number, 0.5 to 1",
                object.number("real", 0.5, 1));
  EXPECT_THROWS(ModelError, "'text' is \"0.5\"", object.number("text", 0, 1));
  EXPECT_THROWS(ModelError, "'truth' is true", object.number("truth", 0, 1));
}

TEST(JsonObject, ReadsTextsThatAreNotEmpty) {
  const json content = json::parse(R"({
    "text": "abc", "empty": "", "number": 3, "list": ["a", "b"], "mixed": ["a", 1], "none": [],
    "hollow": ["a", ""]
  })");
  const JsonObject object(content, "here");
  EXPECT_EQ(object.text("text"), "abc");
  EXPECT_THROWS(ModelError, "'empty' is \"\"", object.text("empty"));
  EXPECT_THROWS(ModelError, "'number' is 3", object.text("number"));
  EXPECT_TRUE((object.texts("list", 2) == std::vector<std::string>{"a", "b"}));
  EXPECT_THROWS(ModelError, "a list of 1 entries", object.texts("list", 1));
  EXPECT_THROWS(ModelError, "a list of 1 to 9 entries", object.texts("none", 9));
  EXPECT_THROWS(ModelError, "mixed[1] is 1", object.texts("mixed", 9));
  EXPECT_THROWS(ModelError, "hollow[1] is \"\"", object.texts("hollow", 9));
  EXPECT_THROWS(ModelError, "'text' is \"abc\"", object.texts("text", 9));
}

TEST(JsonObject, ChoosesAmongNames) {
  constexpr std::array<std::string_view, 2> kNames = {"one", "two"};
  const json content = json::parse(R"({"good": "two", "bad": "three", "number": 1})");
  const JsonObject object(content, "here");
  EXPECT_EQ(object.one_of("good", kNames), 1u);
  EXPECT_THROWS(ModelError, "'bad' is \"three\", expected one of \"one\", \"two\"",
                object.one_of("bad", kNames));
  EXPECT_THROWS(ModelError, "'number' is 1", object.one_of("number", kNames));
}

TEST(JsonObject, ReadsLists) {
  const json content = json::parse(R"({
    "integers": [1, 2], "numbers": [0.5, 1], "big": [1, 300], "mixed": [1, "2"], "flat": [1],
    "objects": [{"a": 1}]
  })");
  const JsonObject object(content, "here");
  EXPECT_TRUE((object.integers("integers", 2, 0, 2) == std::vector<std::int64_t>{1, 2}));
  EXPECT_THROWS(ModelError, "whole numbers, 0 to 1", object.integers("integers", 2, 0, 1));
  EXPECT_THROWS(ModelError, "a list of 0 to 1 entries", object.integers("integers", 1, 0, 2));
  EXPECT_THROWS(ModelError, "'mixed' is [1,\"2\"]", object.integers("mixed", 2, 0, 9));
  EXPECT_TRUE((object.numbers("numbers", 2, 0, 1) == std::vector<double>{0.5, 1}));
  EXPECT_THROWS(ModelError, "a list of 3 entries", object.numbers("numbers", 3, 0, 1));
  EXPECT_THROWS(ModelError, "numbers, 0 to 1", object.numbers("big", 2, 0, 1));
  EXPECT_EQ(object.objects("objects", 1)[0].integer("a", 0, 9), 1);
  EXPECT_THROWS(ModelError, "here: objects[0]: 'b' is missing",
                object.objects("objects", 1)[0].text("b"));
  EXPECT_THROWS(ModelError, "here: flat[0] is 1, expected an object", object.objects("flat", 1));
}

TEST(JsonObject, ReadsDigests) {
  const std::string digest = std::string(32, '0') + std::string(32, 'f');
  json content;
  content["good"] = digest;
  content["upper"] = std::string(64, 'A');
  content["short"] = std::string(63, 'a');
  content["long"] = std::string(65, 'a');
  content["other"] = std::string(64, 'g');
  const JsonObject object(content, "here");
  EXPECT_EQ(object.sha256("good"), digest);
  for (const char* key : {"upper", "short", "long", "other"}) {
    EXPECT_THROWS(ModelError, "64 lower-case hex digits", object.sha256(key));
  }
}

TEST(JsonObject, ShortensWhatItShows) {
  json content = json::parse(R"({"object": {"a": 1, "b": 2}})");
  content["long"] = std::string(10'000, 'x');
  content["many"] = std::vector<int>(5000, 1);
  content["broken"] = "\xff";
  const JsonObject object(content, "here");
  for (const char* key : {"long", "many", "object", "broken"}) {
    try {
      object.boolean(key);
      testing::fail(__FILE__, __LINE__, "accepted");
    } catch (const ModelError& error) {
      EXPECT_TRUE(std::string(error.what()).size() < 250);
    }
  }
  EXPECT_THROWS(ModelError, "a list of 5000 entries", object.boolean("many"));
  EXPECT_THROWS(ModelError, "an object of 2 keys", object.boolean("object"));
}

}  // namespace
}  // namespace instseg

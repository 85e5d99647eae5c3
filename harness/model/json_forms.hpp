#pragma once

#include "base/error.hpp"
#include "base/text.hpp"
#include "model/json.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// How the files of model/json.hpp write and read their members; for these sources only.
namespace kdt::json {

using Json = nlohmann::ordered_json;

/// Every text goes through here: what a guest printed must not make the file invalid UTF-8 or drive a terminal.
inline std::string text(std::string_view bytes) {
  return printable(bytes);
}

inline Json texts(const std::vector<std::string>& list) {
  Json json = Json::array();
  for (const auto& item : list) json.push_back(text(item));
  return json;
}

inline Json texts(const std::map<std::string, std::string>& map) {
  Json json = Json::object();
  for (const auto& [name, value] : map) json[text(name)] = text(value);
  return json;
}

inline Json text_or_null(const std::optional<std::string>& value) {
  return value ? Json(text(*value)) : Json(nullptr);
}

template <typename T, typename Function>
Json list(const std::vector<T>& items, Function to) {
  Json json = Json::array();
  for (const auto& item : items) json.push_back(to(item));
  return json;
}

/// A place in a JSON text that knows its own name, so that an error can say which member is wrong.
class Place {
public:
  Place(const Json& json, std::string name) : json_(json), name_(std::move(name)) {}

  Place operator[](const char* member) const {
    require(json_.is_object(), "an object");
    auto it = json_.find(member);
    if (it == json_.end()) throw Error(Blame::usage, "member '{}' is missing", name_of(member));
    return {*it, name_of(member)};
  }

  bool has(const char* member) const { return json_.is_object() && json_.contains(member); }

  std::string text() const {
    require(json_.is_string(), "a text");
    return json_.get<std::string>();
  }
  std::optional<std::string> text_or_null() const { return json_.is_null() ? std::nullopt : std::optional(text()); }
  bool boolean() const {
    require(json_.is_boolean(), "true or false");
    return json_.get<bool>();
  }
  double number() const {
    require(json_.is_number(), "a number");
    return json_.get<double>();
  }
  /// A whole number that Integer can hold.
  template <typename Integer>
  Integer integer() const {
    require(json_.is_number_integer(), "a whole number");
    bool fits = json_.is_number_unsigned() ? std::in_range<Integer>(json_.get<std::uint64_t>())
                                           : std::in_range<Integer>(json_.get<std::int64_t>());
    require(fits, "a number of that size");
    return json_.get<Integer>();
  }

  template <typename Function>
  auto list(Function from) const {
    require(json_.is_array(), "a list");
    std::vector<decltype(from(std::declval<const Place&>()))> items;
    for (const auto& item : json_) items.push_back(from(Place(item, fmt::format("{}[{}]", name_, items.size()))));
    return items;
  }
  /// The members of an object, in the order of the file.
  template <typename Function>
  void each_member(Function use) const {
    require(json_.is_object(), "an object");
    for (const auto& [name, value] : json_.items()) use(name, Place(value, name_of(name)));
  }
  std::map<std::string, std::string> texts() const {
    std::map<std::string, std::string> map;
    each_member([&](const std::string& name, const Place& value) { map[name] = value.text(); });
    return map;
  }
  /// A word of an enum, read by one of the *_from functions.
  template <typename Enum>
  Enum word(Enum (*from)(std::string_view)) const {
    try {
      return from(text());
    } catch (const Error& error) {
      throw Error(Blame::usage, "member '{}': {}", name_, error.what());
    }
  }

  const Json& json() const { return json_; }
  bool is_null() const { return json_.is_null(); }
  void require(bool holds, std::string_view what) const {
    if (!holds) throw Error(Blame::usage, "member '{}' is not {}", name_, what);
  }

private:
  std::string name_of(std::string_view member) const {
    return name_.empty() ? std::string(member) : fmt::format("{}.{}", name_, member);
  }

  const Json& json_;
  std::string name_;
};

/// A file of a newer kdt may mean other things by the same names, so it is refused.
inline void check_schema(const Place& place) {
  auto schema = place["schema"].integer<int>();
  if (schema != k_schema)
    throw Error(Blame::usage, "member 'schema' is {}, and this kdt reads {} only", schema, k_schema);
}

/// A cell inside a run: errors name its place.
CellResult read_cell(const Place& place);

} // namespace kdt::json

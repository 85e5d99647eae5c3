#pragma once

// Structs to JSON and back. A struct lists its fields once (template fields()); writing and strict reading follow.

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace kdt::protocol {

using Json = nlohmann::ordered_json;

/// A line of the other side that does not have the agreed shape; the text names the field.
struct ShapeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class T>
Json encode(const T& record);
template <class T>
T decode(const Json& json, const std::string& where);

namespace detail {

template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

[[noreturn]] inline void wrong(const std::string& where, const char* wanted, const Json& got) {
  constexpr std::size_t k_most = 40;
  std::string value = got.is_primitive() ? got.dump(-1, ' ', true, Json::error_handler_t::replace) : got.type_name();
  if (value.size() > k_most) value = value.substr(0, k_most) + "…";
  throw ShapeError(where + " should be " + wanted + ", not " + value);
}

/// nlohmann converts between kinds of numbers without a word (-1 becomes 2^64 - 1); a protocol must not.
template <class T>
T decode_number(const Json& json, const std::string& where) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!json.is_boolean()) wrong(where, "a boolean", json);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!json.is_number()) wrong(where, "a number", json);
  } else if constexpr (std::is_unsigned_v<T>) {
    if (!json.is_number_unsigned()) wrong(where, "a whole number from 0 up", json);
    if (json.get<std::uint64_t>() > std::numeric_limits<T>::max()) wrong(where, "a smaller number", json);
  } else {
    if (!json.is_number_integer()) wrong(where, "a whole number", json);
    if (json.is_number_unsigned() && json.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<T>::max()})
      wrong(where, "a smaller number", json);
    if (json.get<std::int64_t>() < std::numeric_limits<T>::min()) wrong(where, "a larger number", json);
  }
  return json.get<T>();
}

template <class T>
void read_field(const Json& json, const char* name, const std::string& where, T& into) {
  const auto found = json.find(name);
  const std::string path = where + "." + name;
  if constexpr (IsOptional<T>::value) {
    if (found != json.end() && !found->is_null()) into = decode<typename T::value_type>(*found, path);
  } else {
    if (found == json.end()) throw ShapeError(path + " is missing");
    into = decode<T>(*found, path);
  }
}

} // namespace detail

/// The JSON of a value or a struct; an empty optional field is left out.
template <class T>
Json encode(const T& record) {
  if constexpr (std::is_arithmetic_v<T> || std::is_same_v<T, std::string>) {
    return Json(record);
  } else if constexpr (detail::IsVector<T>::value) {
    Json list = Json::array();
    for (const auto& item : record) list.push_back(encode(item));
    return list;
  } else if constexpr (detail::IsMap<T>::value) {
    Json object = Json::object();
    for (const auto& [name, item] : record) object[name] = encode(item);
    return object;
  } else {
    Json object = Json::object();
    T::fields(record, [&object](const char* name, const auto& value) {
      if constexpr (detail::IsOptional<std::decay_t<decltype(value)>>::value) {
        if (value) object[name] = encode(*value);
      } else {
        object[name] = encode(value);
      }
    });
    return object;
  }
}

/// The value or struct in the JSON: unknown fields are ignored, a missing one or one of another type is a ShapeError.
/// `where` names the JSON in that error's text.
template <class T>
T decode(const Json& json, const std::string& where) {
  if constexpr (std::is_arithmetic_v<T>) {
    return detail::decode_number<T>(json, where);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!json.is_string()) detail::wrong(where, "a string", json);
    return json.get<std::string>();
  } else if constexpr (detail::IsVector<T>::value) {
    if (!json.is_array()) detail::wrong(where, "a list", json);
    T list;
    for (const auto& item : json)
      list.push_back(decode<typename T::value_type>(item, where + "[" + std::to_string(list.size()) + "]"));
    return list;
  } else if constexpr (detail::IsMap<T>::value) {
    if (!json.is_object()) detail::wrong(where, "an object", json);
    T map;
    for (const auto& [name, item] : json.items()) map[name] = decode<typename T::mapped_type>(item, where + "." + name);
    return map;
  } else {
    if (!json.is_object()) detail::wrong(where, "an object", json);
    T record;
    T::fields(record, [&](const char* name, auto& value) { detail::read_field(json, name, where, value); });
    return record;
  }
}

} // namespace kdt::protocol

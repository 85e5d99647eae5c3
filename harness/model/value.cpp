#include "model/value.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

namespace kdt {

namespace {
struct Printer {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return fmt::format("{:g}", value); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<std::string>& value) const {
    return fmt::format("[{}]", fmt::join(value, ", "));
  }
};

template <typename Number, typename... Base>
bool parse_whole(std::string_view text, Number& number, Base... base) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base...);
  return error == std::errc{} && end == text.data() + text.size();
}
} // namespace

std::string to_string(const Value& value) {
  return std::visit(Printer{}, value);
}

Value value_from_scalar(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  std::int64_t integer = 0;
  if (parse_whole(text, integer)) return integer;
  if (text.starts_with("0x") && parse_whole(text.substr(2), integer, 16)) return integer;
  double real = 0;
  bool numeric = !text.empty() && text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  if (numeric && parse_whole(text, real)) return real;
  return std::string(text);
}

const Value* find(const Facts& facts, std::string_view name) {
  auto it = facts.find(std::string(name));
  return it == facts.end() ? nullptr : &it->second;
}

} // namespace kdt

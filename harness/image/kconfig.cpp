#include "image/kconfig.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace kdt::image {

namespace {

/// The value ends at white space, unless it is quoted.
std::string value_of(std::string_view text) {
  if (text.starts_with('"')) return std::string(text.substr(0, text.find('"', 1) + 1));
  return std::string(text.substr(0, text.find_first_of(" \t")));
}

bool is_option_name(std::string_view name) {
  return name.starts_with("CONFIG_") && name.size() > 7 &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") ==
             std::string_view::npos;
}

} // namespace

std::vector<KconfigOption> parse_fragment(std::string_view name, std::string_view text) {
  std::vector<KconfigOption> options;
  std::size_t number = 0;
  for (const auto& raw : split(text, '\n')) {
    ++number;
    auto line = trim(raw);
    if (line.empty() || line.starts_with('#')) continue;
    auto equals = line.find('=');
    std::string value = equals == std::string_view::npos ? "" : value_of(line.substr(equals + 1));
    if (value.empty() || !is_option_name(line.substr(0, equals)))
      throw Error(Blame::usage, "{}.config:{}: '{}' is not CONFIG_NAME=value", name, number, line);
    auto rest = trim(line.substr(equals + 1 + value.size()));
    if (!rest.empty() && !rest.starts_with('#'))
      throw Error(Blame::usage, "{}.config:{}: '{}' behind the value is not a comment", name, number, rest);
    options.push_back({std::string(line.substr(0, equals)), std::move(value), std::string(name)});
  }
  return options;
}

std::vector<KconfigOption> merge_fragments(const std::vector<std::vector<KconfigOption>>& fragments) {
  std::vector<KconfigOption> merged;
  for (const auto& fragment : fragments) {
    for (const auto& option : fragment) {
      std::erase_if(merged, [&](const KconfigOption& earlier) { return earlier.name == option.name; });
      merged.push_back(option);
    }
  }
  return merged;
}

std::string allconfig_text(const std::vector<KconfigOption>& options) {
  std::string text;
  for (const auto& option : options)
    text += option.value == "n" ? fmt::format("# {} is not set\n", option.name)
                                : fmt::format("{}={}\n", option.name, option.value);
  return text;
}

std::map<std::string, std::string> parse_config(std::string_view text) {
  std::map<std::string, std::string> config;
  for (const auto& line : split(text, '\n')) {
    auto equals = line.find('=');
    if (line.starts_with("CONFIG_") && equals != std::string::npos)
      config.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return config;
}

std::string config_release(std::string_view text) {
  constexpr std::string_view k_begin = "# Linux/arm64 ", k_end = " Kernel Configuration";
  for (const auto& line : split(text.substr(0, text.find("CONFIG_")), '\n')) {
    auto words = trim(line);
    if (!words.starts_with(k_begin) || !words.ends_with(k_end)) continue;
    words.remove_prefix(k_begin.size());
    words.remove_suffix(std::min(k_end.size(), words.size()));
    return printable(words);
  }
  return {};
}

std::vector<std::string> unmet_options(const std::vector<KconfigOption>& asked,
                                       const std::map<std::string, std::string>& config) {
  std::vector<std::string> unmet;
  for (const auto& option : asked) {
    auto it = config.find(option.name);
    std::string actual = it == config.end() ? "n" : it->second;
    if (actual == option.value) continue;
    unmet.push_back(fmt::format("{}={} of {}.config became {}", option.name, option.value, option.fragment, actual));
  }
  return unmet;
}

} // namespace kdt::image

#include "image/required_options.hpp"

#include "base/error.hpp"
#include "image/yaml.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace kdt::image {

namespace {

bool any_is(const RequiredOption& option, const std::map<std::string, std::string>& config, std::string_view value) {
  return std::ranges::any_of(option.any_of, [&](const std::string& name) {
    auto it = config.find(name);
    return it != config.end() && it->second == value;
  });
}

/// Empty when the option is there.
std::string lack(const RequiredOption& option, const std::map<std::string, std::string>& config, bool with_modules) {
  if (any_is(option, config, "y")) return {};
  bool module = any_is(option, config, "m");
  if (module && with_modules && !option.module.empty()) return {};
  const char* is = !module                 ? "off"
                   : option.module.empty() ? "a module, not built in"
                                           : "a module, and no modules= says where it is";
  return fmt::format("{} is {} ({})", fmt::join(option.any_of, " and "), is, option.because);
}

/// 6 and 1 of "6.1.0-9-arm64".
std::pair<int, int> numbers_of(std::string_view release) {
  std::pair<int, int> numbers{};
  const char* last = release.data() + release.size();
  auto [dot, error] = std::from_chars(release.data(), last, numbers.first);
  if (error == std::errc{} && dot != last) std::from_chars(dot + 1, last, numbers.second);
  return numbers;
}

RequiredOption read_option(const YamlFile& file, const YAML::Node& item) {
  file.expect_keys(item, "an option", {"any_of", "because", "module"});
  RequiredOption option{.any_of = file.texts(item, "any_of"),
                        .because = file.text(item, "because"),
                        .module = item["module"] ? file.text(item, "module") : ""};
  if (option.any_of.empty()) file.fail(item, "'any_of' is empty");
  return option;
}

} // namespace

Requirements load_requirements(const std::filesystem::path& path) {
  YamlFile file(path);
  file.expect_keys(file.root(), "the file", {"oldest", "options"});
  Requirements required;
  if (const YAML::Node oldest = file.root()["oldest"]) {
    file.expect_keys(oldest, "oldest", {"version", "because"});
    required.oldest = file.text(oldest, "version");
    required.oldest_because = file.text(oldest, "because");
  }
  const YAML::Node list = file.root()["options"];
  if (!list || !list.IsSequence()) file.fail(file.root(), "'options' must be a list");
  for (const auto& item : list) required.options.push_back(read_option(file, item));
  return required;
}

void require_version(const std::string& subject, const std::string& release, const Requirements& required) {
  if (numbers_of(release) < numbers_of(required.oldest))
    throw Error(Blame::usage, "{} cannot be tested: it is Linux {}, older than {} ({})", subject, release,
                required.oldest, required.oldest_because);
}

void require_options(const std::string& subject, const std::map<std::string, std::string>& config,
                     const Requirements& required, bool with_modules) {
  std::vector<std::string> lacks;
  for (const auto& option : required.options)
    if (auto text = lack(option, config, with_modules); !text.empty()) lacks.push_back(text);
  if (!lacks.empty())
    throw Error(Blame::usage, "{} cannot be tested: in its .config {}", subject, fmt::join(lacks, ", "));
}

std::vector<std::string> needed_modules(const std::map<std::string, std::string>& config,
                                        const Requirements& required) {
  std::vector<std::string> names;
  for (const auto& option : required.options)
    if (!option.module.empty() && !any_is(option, config, "y") && any_is(option, config, "m"))
      names.push_back(option.module);
  return names;
}

} // namespace kdt::image

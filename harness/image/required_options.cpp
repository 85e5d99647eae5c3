#include "image/required_options.hpp"

#include "base/error.hpp"
#include "image/yaml.hpp"

#include <fmt/ranges.h>

namespace kdt::image {

namespace {

/// Empty when one of them is built in.
std::string lack(const RequiredOption& option, const std::map<std::string, std::string>& config) {
  std::string module;
  for (const auto& name : option.any_of) {
    auto it = config.find(name);
    if (it != config.end() && it->second == "y") return {};
    if (it != config.end() && it->second == "m") module = name;
  }
  if (!module.empty()) return fmt::format("{} is a module, not built in ({})", module, option.because);
  return fmt::format("{} is off ({})", fmt::join(option.any_of, " and "), option.because);
}

} // namespace

std::vector<RequiredOption> load_required_options(const std::filesystem::path& path) {
  YamlFile file(path);
  file.expect_keys(file.root(), "the file", {"options"});
  std::vector<RequiredOption> options;
  const YAML::Node list = file.root()["options"];
  if (!list || !list.IsSequence()) file.fail(file.root(), "'options' must be a list");
  for (const auto& item : list) {
    file.expect_keys(item, "an option", {"any_of", "because"});
    options.push_back({.any_of = file.texts(item, "any_of"), .because = file.text(item, "because")});
    if (options.back().any_of.empty()) file.fail(item, "'any_of' is empty");
  }
  return options;
}

void require_options(const std::string& subject, const std::map<std::string, std::string>& config,
                     const std::vector<RequiredOption>& required) {
  std::vector<std::string> lacks;
  for (const auto& option : required)
    if (auto text = lack(option, config); !text.empty()) lacks.push_back(text);
  if (!lacks.empty())
    throw Error(Blame::usage, "{} cannot be tested: in its .config {}", subject, fmt::join(lacks, ", "));
}

} // namespace kdt::image

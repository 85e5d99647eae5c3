#pragma once

#include "base/error.hpp"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::image {

/// Reads one YAML file strictly; every complaint is an Error{usage} that begins with file:line:column.
class YamlFile {
public:
  /// Throws Error when the file cannot be read or is not YAML.
  explicit YamlFile(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  const YAML::Node& root() const { return root_; }

  /// Throws with the node's place in the file.
  [[noreturn]] void fail(const YAML::Node& node, const std::string& complaint) const;

  /// The node must be a mapping with no key beyond these, and no key twice; the complaint names the nearest one.
  void expect_keys(const YAML::Node& map, std::string_view what, const std::vector<std::string>& known) const;

  /// A scalar's text; throws when the key is missing or holds something else.
  std::string text(const YAML::Node& map, const std::string& key) const;
  /// The same for a list of scalars; a missing key is an empty list.
  std::vector<std::string> texts(const YAML::Node& map, const std::string& key) const;

private:
  std::filesystem::path path_;
  YAML::Node root_;
};

} // namespace kdt::image

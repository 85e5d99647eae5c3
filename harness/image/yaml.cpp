#include "image/yaml.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <set>

namespace kdt::image {

YamlFile::YamlFile(std::filesystem::path path) : path_(std::move(path)) {
  try {
    root_ = YAML::Load(read_file(path_));
  } catch (const YAML::Exception& error) {
    throw Error(Blame::usage, "{}:{}:{}: {}", path_.string(), error.mark.line + 1, error.mark.column + 1, error.msg);
  }
}

void YamlFile::fail(const YAML::Node& node, const std::string& complaint) const {
  auto mark = node.Mark();
  throw Error(Blame::usage, "{}:{}:{}: {}", path_.string(), mark.line + 1, mark.column + 1, complaint);
}

void YamlFile::expect_keys(const YAML::Node& map, std::string_view what, const std::vector<std::string>& known) const {
  if (!map.IsMap()) fail(map, fmt::format("{} must be a mapping of names to values", what));
  std::set<std::string> seen;
  for (const auto& entry : map) {
    std::string key = entry.first.as<std::string>("");
    if (!seen.insert(key).second) fail(entry.first, fmt::format("'{}' is given twice in {}", key, what));
    if (!known.empty() && std::find(known.begin(), known.end(), key) == known.end())
      fail(entry.first, fmt::format("{} has no key '{}'{}", what, key, suggestion(key, known)));
  }
}

std::string YamlFile::text(const YAML::Node& map, const std::string& key) const {
  const YAML::Node value = map[key];
  if (!value) fail(map, fmt::format("'{}' is missing", key));
  if (!value.IsScalar()) fail(value, fmt::format("'{}' must be one value", key));
  return value.Scalar();
}

std::vector<std::string> YamlFile::texts(const YAML::Node& map, const std::string& key) const {
  std::vector<std::string> out;
  const YAML::Node list = map[key];
  if (!list) return out;
  if (!list.IsSequence()) fail(list, fmt::format("'{}' must be a list", key));
  for (const auto& item : list) {
    if (!item.IsScalar()) fail(item, fmt::format("'{}' must be a list of plain values", key));
    out.push_back(item.Scalar());
  }
  return out;
}

} // namespace kdt::image

#pragma once

#include "base/error.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::matrix {

struct YamlEntry;

/// One node of a YAML file, with the place it came from. Scalars stay as written: on, off and 6.10 are text here.
struct YamlNode {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  std::string text; ///< of a scalar
  bool quoted = false;
  std::vector<YamlNode> items;    ///< of a list
  std::vector<YamlEntry> entries; ///< of a map: keys are scalars and differ
  int line = 1;                   ///< from 1
  int column = 1;                 ///< from 1

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_list() const { return kind == Kind::list; }
  bool is_map() const { return kind == Kind::map; }
  /// The value of a key of a map; nullptr when it has no such key.
  const YamlNode* find(std::string_view key) const;
};

/// One of a map.
struct YamlEntry {
  YamlNode key;
  YamlNode value;
};

/// A YAML file that a person wrote, read with suspicion: UTF-8 only, one document, no duplicate keys, no anchors or
/// aliases (so no alias bombs), no tags, bounded size and depth.
class YamlFile {
public:
  /// Throws Error{usage} "file:line:column: what is wrong".
  static YamlFile load(const std::filesystem::path& path);
  /// The same from memory; name stands for the file in errors.
  static YamlFile parse(std::string name, std::string text);

  const std::string& name() const { return name_; }
  const YamlNode& root() const { return root_; }

  /// "file:line:column", for errors that are found later.
  std::string place(const YamlNode& node) const;
  /// An Error{usage} that starts with the node's place.
  Error error(const YamlNode& node, std::string_view sentence) const;

  /// The text of a scalar; throws Error{usage} that says what was wanted, when it is a list, a map, or empty.
  const std::string& scalar(const YamlNode& node, std::string_view what) const;
  /// Throws Error{usage} unless it is a map whose keys are all known.
  void check_map(const YamlNode& node, std::string_view what, const std::vector<std::string>& keys) const;
  /// Throws Error{usage} unless it is a list.
  void check_list(const YamlNode& node, std::string_view what) const;
  /// The value of a key that must be there.
  const YamlNode& required(const YamlNode& map, std::string_view key, std::string_view what) const;

private:
  std::string name_;
  YamlNode root_;
};

} // namespace kdt::matrix

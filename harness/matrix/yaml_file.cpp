#include "matrix/yaml_file.hpp"

#include "base/text.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <unordered_set>

namespace kdt::matrix {

namespace {
constexpr std::size_t k_largest_file = std::size_t{4} << 20;
constexpr std::size_t k_deepest = 100; // yaml-cpp gives up at some hundreds, with "bad file" and no place

[[noreturn]] void fail(const std::string& file, int line, int column, std::string_view sentence) {
  throw Error(Blame::usage, "{}:{}:{}: {}", file, line, column, sentence);
}

/// Builds our own tree out of yaml-cpp's events: YAML::Node lets duplicate keys through and follows aliases.
class TreeBuilder : public YAML::EventHandler {
public:
  TreeBuilder(const std::string& file, const std::string& text) : file_(file), text_(text) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { add(node(mark, YamlNode::Kind::null)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse(mark, "aliases (*name) are not accepted"); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    refuse(mark, "anchors (&name) are not accepted");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string& value) override {
    check_tag(mark, tag);
    auto scalar = node(mark, YamlNode::Kind::scalar);
    scalar.text = value;
    scalar.quoted = tag == "!";
    if (scalar.quoted && mark.pos >= 0 && !is_closed(static_cast<std::size_t>(mark.pos)))
      refuse(mark, "YAML syntax: this quote is never closed");
    add(std::move(scalar));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    check_depth(mark);
    open_.push_back(node(mark, YamlNode::Kind::list));
    waiting_.emplace_back();
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, YAML::EmitterStyle::value) override {
    check_tag(mark, tag);
    check_depth(mark);
    open_.push_back(node(mark, YamlNode::Kind::map));
    waiting_.emplace_back();
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

private:
  /// The key whose value has not come yet, and the keys seen so far, of an open map.
  struct Waiting {
    bool has_key = false;
    YamlNode key;
    std::unordered_set<std::string> seen;
  };

  static YamlNode node(const YAML::Mark& mark, YamlNode::Kind kind) {
    YamlNode made;
    made.kind = kind;
    made.line = std::max(mark.line, 0) + 1;
    made.column = std::max(mark.column, 0) + 1;
    return made;
  }

  [[noreturn]] void refuse(const YAML::Mark& mark, std::string_view sentence) const {
    fail(file_, std::max(mark.line, 0) + 1, std::max(mark.column, 0) + 1, sentence);
  }

  void check_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (!tag.empty() && tag != "!" && tag != "?") refuse(mark, fmt::format("tags ({}) are not accepted", tag));
  }

  void check_depth(const YAML::Mark& mark) const {
    if (open_.size() >= k_deepest) refuse(mark, fmt::format("nested more than {} deep", k_deepest));
  }

  /// yaml-cpp 0.7 takes a quoted scalar that the end of the file cuts off behind a line break.
  bool is_closed(std::size_t at) const {
    char quote = at < text_.size() ? text_[at] : '\0';
    if (quote != '"' && quote != '\'') return true;
    for (++at; at < text_.size(); ++at) {
      if (text_[at] == '\\' && quote == '"')
        ++at;
      else if (text_[at] == quote && quote == '\'' && at + 1 < text_.size() && text_[at + 1] == quote)
        ++at;
      else if (text_[at] == quote)
        return true;
    }
    return false;
  }

  void close() {
    YamlNode done = std::move(open_.back());
    open_.pop_back();
    waiting_.pop_back();
    add(std::move(done));
  }

  void add(YamlNode child) {
    if (open_.empty()) {
      root_ = std::move(child);
    } else if (open_.back().is_list()) {
      open_.back().items.push_back(std::move(child));
    } else if (auto& waiting = waiting_.back(); waiting.has_key) {
      waiting.has_key = false;
      if (child.kind == YamlNode::Kind::null) { // yaml-cpp says where the next token is
        child.line = waiting.key.line;
        child.column = waiting.key.column;
      }
      open_.back().entries.push_back({.key = std::move(waiting.key), .value = std::move(child)});
    } else {
      if (!child.is_scalar()) fail(file_, child.line, child.column, "a key must be one word");
      if (!waiting.seen.insert(child.text).second)
        fail(file_, child.line, child.column, fmt::format("'{}' is given twice", printable(child.text)));
      waiting.has_key = true;
      waiting.key = std::move(child);
    }
  }

  const std::string& file_;
  const std::string& text_;
  YamlNode root_;
  std::vector<YamlNode> open_;
  std::vector<Waiting> waiting_;
};

/// Refuses bytes that are not UTF-8 and control characters other than tab and line ends.
void check_encoding(const std::string& file, const std::string& text) {
  int line = 0;
  for (const auto& raw : split(text, '\n')) {
    ++line;
    std::string_view bytes = raw;
    if (bytes.ends_with('\r')) bytes.remove_suffix(1);
    auto safe = printable(bytes);
    if (safe == bytes) continue;
    auto [at, unused] = std::mismatch(bytes.begin(), bytes.end(), safe.begin(), safe.end());
    fail(file, line, static_cast<int>(at - bytes.begin()) + 1, "not UTF-8 text, or a control character");
  }
}

std::string read_bounded(const std::filesystem::path& path) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored))
    throw Error(Blame::usage, "{}: a directory, not a YAML file", path.string());
  std::ifstream in(path, std::ios::binary);
  if (!in) throw Error(Blame::usage, "{}: cannot be read: {}", path.string(), errno_text(errno));
  std::string text(k_largest_file + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > k_largest_file)
    throw Error(Blame::usage, "{}: larger than {} MiB, which is no file that a person wrote", path.string(),
                k_largest_file >> 20);
  return text;
}
} // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  auto it = std::ranges::find_if(entries, [&](const YamlEntry& entry) { return entry.key.text == key; });
  return it == entries.end() ? nullptr : &it->value;
}

YamlFile YamlFile::load(const std::filesystem::path& path) {
  return parse(path.string(), read_bounded(path));
}

YamlFile YamlFile::parse(std::string name, std::string text) {
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3); // a byte order mark
  check_encoding(name, text);
  YamlFile file;
  file.name_ = std::move(name);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    TreeBuilder builder(file.name_, text);
    parser.HandleNextDocument(builder);
    file.root_ = builder.take();
    TreeBuilder second(file.name_, text);
    if (parser.HandleNextDocument(second))
      throw file.error(second.take(), "a second YAML document begins; one file holds one");
  } catch (const YAML::Exception& error) {
    fail(file.name_, std::max(error.mark.line, 0) + 1, std::max(error.mark.column, 0) + 1,
         fmt::format("YAML syntax: {}", error.msg));
  }
  return file;
}

std::string YamlFile::place(const YamlNode& node) const {
  return fmt::format("{}:{}:{}", name_, node.line, node.column);
}

Error YamlFile::error(const YamlNode& node, std::string_view sentence) const {
  return {Blame::usage, fmt::format("{}: {}", place(node), sentence)};
}

const std::string& YamlFile::scalar(const YamlNode& node, std::string_view what) const {
  switch (node.kind) {
  case YamlNode::Kind::null:
    throw error(node, fmt::format("{} has no value", what));
  case YamlNode::Kind::list:
    throw error(node, fmt::format("{} must be one value, not a list", what));
  case YamlNode::Kind::map:
    throw error(node, fmt::format("{} must be one value, not a map", what));
  case YamlNode::Kind::scalar:
    break;
  }
  return node.text;
}

void YamlFile::check_map(const YamlNode& node, std::string_view what, const std::vector<std::string>& keys) const {
  if (!node.is_map()) throw error(node, fmt::format("{} must be a map of 'key: value'", what));
  for (const auto& [key, value] : node.entries)
    if (std::ranges::find(keys, key.text) == keys.end())
      throw error(key, fmt::format("unknown key '{}' in {}{}", key.text, what, suggestion(key.text, keys)));
}

void YamlFile::check_list(const YamlNode& node, std::string_view what) const {
  if (!node.is_list()) throw error(node, fmt::format("{} must be a list: [first, second]", what));
}

const YamlNode& YamlFile::required(const YamlNode& map, std::string_view key, std::string_view what) const {
  const auto* value = map.find(key);
  if (value == nullptr) throw error(map, fmt::format("{} lacks '{}'", what, key));
  return *value;
}

} // namespace kdt::matrix

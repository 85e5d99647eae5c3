#include "matrix/matrix.hpp"

#include "base/text.hpp"
#include "matrix/yaml_file.hpp"

#include <algorithm>
#include <functional>

namespace kdt::matrix {

namespace {
const std::vector<std::string> k_matrix_keys{"name",    "description", "kernels", "defaults",     "axes",
                                             "exclude", "include",     "cover",   "expectations", "known_issues"};

/// Reads one matrix file into one Matrix; the members are what every step needs.
class Reader {
public:
  Reader(const YamlFile& file, const std::vector<std::string>& known_kernels) : file_(file), known_(known_kernels) {}

  Matrix read(const std::filesystem::path& path) {
    const auto& root = file_.root();
    file_.check_map(root, "a matrix", k_matrix_keys);
    matrix_.path = path;
    matrix_.name = path.stem().string();
    if (const auto* name = root.find("name")) matrix_.name = file_.scalar(*name, "name");
    if (const auto* text = root.find("description")) matrix_.description = file_.scalar(*text, "description");
    if (const auto* kernels = root.find("kernels")) read_kernels(*kernels);
    if (const auto* defaults = root.find("defaults")) read_defaults(*defaults);
    if (const auto* axes = root.find("axes")) read_axes(*axes);
    if (const auto* exclude = root.find("exclude")) read_exclude(*exclude);
    if (const auto* include = root.find("include")) read_include(*include);
    if (const auto* cover = root.find("cover")) read_cover(*cover);
    if (const auto* files = root.find("expectations")) matrix_.expectations = read_files(*files, "expectations");
    if (const auto* files = root.find("known_issues")) matrix_.known_issues = read_files(*files, "known_issues");
    if (matrix_.axes.empty() && matrix_.include.empty())
      throw file_.error(root, "no cell: the matrix has neither axes nor include");
    check_every_cell_has_a_kernel();
    return std::move(matrix_);
  }

private:
  using Visit = std::function<void(const Parameter&, const YamlNode& key, const YamlNode& value)>;

  /// Calls visit for each parameter of a map, with 'dump: {filter: 1}' flattened to dump.filter.
  void each_parameter(const YamlNode& map, std::string_view what, const Visit& visit) {
    if (!map.is_map()) throw file_.error(map, fmt::format("{} must be a map of 'name: value'", what));
    std::vector<const Parameter*> seen;
    auto one = [&](const std::string& name, const YamlNode& key, const YamlNode& value) {
      const auto* parameter = find_parameter(name);
      if (parameter == nullptr)
        throw file_.error(
            key, fmt::format("unknown name '{}' in {}{}", printable(name), what, suggestion(name, parameter_names())));
      if (std::ranges::find(seen, parameter) != seen.end())
        throw file_.error(key, fmt::format("'{}' is given twice", parameter->name));
      seen.push_back(parameter);
      visit(*parameter, key, value);
    };
    for (const auto& [key, value] : map.entries) {
      if (key.text == "dump" && !value.is_map())
        throw file_.error(value, "dump must be a map: {filter: 31, compression: lzo, …}");
      if (key.text != "dump") {
        one(key.text, key, value);
        continue;
      }
      for (const auto& [inner_key, inner] : value.entries) one("dump." + inner_key.text, inner_key, inner);
    }
  }

  /// A scalar, or for words of a command line a list of them, as one checked setting.
  Setting setting(const Parameter& parameter, const YamlNode& value) {
    Setting made{.parameter = &parameter, .text = {}, .canonical = {}, .place = file_.place(value)};
    bool words = parameter.name == "crashkernel" || parameter.name.ends_with("cmdline");
    if (value.is_list() && words) {
      if (value.items.empty()) throw file_.error(value, fmt::format("{}: the list is empty", parameter.name));
      for (const auto& item : value.items)
        made.text += (made.text.empty() ? "" : " ") + file_.scalar(item, parameter.name);
    } else {
      made.text = file_.scalar(value, parameter.name);
    }
    CellParameters scratch;
    if (auto complaint = parameter.set(scratch, made.text))
      throw file_.error(value, fmt::format("{}: {}", parameter.name, *complaint));
    if (parameter.name == "kernel") check_kernel(value, made.text);
    made.canonical = parameter.get(scratch);
    return made;
  }

  void check_kernel(const YamlNode& node, const std::string& name) {
    const auto& listed = matrix_.kernels;
    if (!listed.empty() && std::ranges::find(listed, name) == listed.end())
      throw file_.error(
          node, fmt::format("kernel '{}' is not listed under 'kernels'{}", printable(name), suggestion(name, listed)));
    if (!known_.empty() && std::ranges::find(known_, name) == known_.end())
      throw file_.error(node, fmt::format("no kernel is called '{}'{}", printable(name), suggestion(name, known_)));
  }

  void read_kernels(const YamlNode& node) {
    file_.check_list(node, "kernels");
    if (node.items.empty()) throw file_.error(node, "kernels: the list is empty");
    std::vector<std::string> names;
    for (const auto& item : node.items) {
      auto name = setting(*find_parameter("kernel"), item).text;
      if (std::ranges::find(names, name) != names.end())
        throw file_.error(item, fmt::format("kernels: '{}' is given twice", name));
      names.push_back(name);
    }
    matrix_.kernels = names;
    if (names.size() == 1) matrix_.defaults.kernel = names[0];
  }

  void read_defaults(const YamlNode& node) {
    each_parameter(node, "defaults", [&](const Parameter& parameter, const YamlNode&, const YamlNode& value) {
      auto made = setting(parameter, value);
      matrix_.default_places[&parameter] = made.place;
      auto complaint = parameter.set(matrix_.defaults, made.text);
      KDT_ASSERT(!complaint);
    });
  }

  void read_axes(const YamlNode& node) {
    std::size_t product = 1;
    each_parameter(node, "axes", [&](const Parameter& parameter, const YamlNode& key, const YamlNode& value) {
      file_.check_list(value, fmt::format("axis {}", parameter.name));
      if (value.items.empty()) throw file_.error(value, fmt::format("axis {} has no values", parameter.name));
      matrix_.axes.push_back({&parameter, {}});
      for (const auto& item : value.items) add_value(matrix_.axes.back(), item);
      product *= value.items.size();
      if (product > k_most_cells) throw file_.error(key, fmt::format("the axes make more than {} cells", k_most_cells));
    });
    if (node.entries.empty()) throw file_.error(node, "axes: the map is empty");
    auto kernel = std::ranges::find(matrix_.axes, find_parameter("kernel"), &Axis::parameter);
    if (matrix_.kernels.empty() && kernel != matrix_.axes.end())
      for (const auto& value : kernel->values) matrix_.kernels.push_back(value.text);
  }

  void add_value(Axis& axis, const YamlNode& item) {
    auto value = setting(*axis.parameter, item);
    for (const auto& other : axis.values)
      if (other.canonical == value.canonical)
        throw file_.error(item,
                          fmt::format("axis {} has the value '{}' twice{}", axis.parameter->name, value.text,
                                      other.text == value.text ? "" : fmt::format(" ('{}' is the same)", other.text)));
    axis.values.push_back(std::move(value));
  }

  void read_exclude(const YamlNode& node) {
    file_.check_list(node, "exclude");
    matrix_.exclude_place = file_.place(node);
    for (const auto& item : node.items) {
      Exclusion exclusion;
      each_parameter(item, "exclude", [&](const Parameter& parameter, const YamlNode&, const YamlNode& value) {
        Exclusion::Condition condition{.parameter = &parameter, .any_of = {}};
        if (value.is_list() && value.items.empty())
          throw file_.error(value, fmt::format("{}: the list is empty", parameter.name));
        for (const auto& one : value.is_list() ? value.items : std::vector<YamlNode>{value})
          condition.any_of.push_back(possible_value(parameter, one));
        exclusion.conditions.push_back(std::move(condition));
      });
      if (exclusion.conditions.empty()) throw file_.error(item, "exclude: an empty entry would exclude every cell");
      matrix_.exclude.push_back(std::move(exclusion));
    }
  }

  /// A value that some cell has: an exclude that can never match is a mistake.
  std::string possible_value(const Parameter& parameter, const YamlNode& node) {
    auto value = setting(parameter, node);
    auto axis = std::ranges::find(matrix_.axes, &parameter, &Axis::parameter);
    std::vector<std::string> texts;
    bool possible = false;
    if (axis == matrix_.axes.end()) {
      texts.push_back(parameter.get(matrix_.defaults));
      possible = texts[0] == value.canonical;
    } else {
      for (const auto& candidate : axis->values) {
        texts.push_back(candidate.text);
        possible |= candidate.canonical == value.canonical;
      }
    }
    if (!possible)
      throw file_.error(
          node, fmt::format("no cell has {} '{}'{}", parameter.name, value.text, suggestion(value.text, texts)));
    return value.canonical;
  }

  void read_include(const YamlNode& node) {
    file_.check_list(node, "include");
    for (const auto& item : node.items) {
      Inclusion inclusion{.settings = {}, .place = file_.place(item)};
      each_parameter(item, "include", [&](const Parameter& parameter, const YamlNode&, const YamlNode& value) {
        inclusion.settings.push_back(setting(parameter, value));
      });
      if (inclusion.settings.empty()) throw file_.error(item, "include: the entry sets nothing");
      matrix_.include.push_back(std::move(inclusion));
    }
  }

  void read_cover(const YamlNode& node) {
    const auto& text = file_.scalar(node, "cover");
    if (text != "all" && text != "pairwise")
      throw file_.error(node, fmt::format("cover: '{}' is unknown{}", text, suggestion(text, {"all", "pairwise"})));
    matrix_.cover = text == "all" ? Cover::all : Cover::pairwise;
  }

  std::vector<std::filesystem::path> read_files(const YamlNode& node, std::string_view what) {
    file_.check_list(node, what);
    std::vector<std::filesystem::path> files;
    for (const auto& item : node.items) {
      auto path = (matrix_.path.parent_path() / file_.scalar(item, what)).lexically_normal();
      std::error_code ignored;
      if (!std::filesystem::exists(path, ignored))
        throw file_.error(item, fmt::format("{}: no such file: {}", what, path.string()));
      if (std::filesystem::is_directory(path, ignored))
        throw file_.error(item, fmt::format("{}: '{}' is a directory, not a YAML file", what, item.text));
      if (std::ranges::find(files, path) != files.end())
        throw file_.error(item, fmt::format("{}: '{}' is given twice", what, item.text));
      files.push_back(std::move(path));
    }
    return files;
  }

  void check_every_cell_has_a_kernel() {
    if (!matrix_.defaults.kernel.empty()) return;
    const auto* kernel = find_parameter("kernel");
    if (!matrix_.axes.empty() && std::ranges::find(matrix_.axes, kernel, &Axis::parameter) == matrix_.axes.end())
      throw file_.error(file_.root(), "no kernel: add an axis 'kernel' or a default for it");
    for (const auto& inclusion : matrix_.include)
      if (std::ranges::find(inclusion.settings, kernel, &Setting::parameter) == inclusion.settings.end())
        throw Error(Blame::usage, "{}: no kernel: the entry sets none and there is no default", inclusion.place);
  }

  const YamlFile& file_;
  const std::vector<std::string>& known_;
  Matrix matrix_;
};
} // namespace

std::vector<std::filesystem::path> matrix_files(const std::filesystem::path& path) {
  auto file = YamlFile::load(path);
  const auto* list = file.root().is_map() ? file.root().find("matrices") : nullptr;
  if (list == nullptr) return {path};
  file.check_map(file.root(), "a file of matrices", {"name", "description", "matrices"});
  file.check_list(*list, "matrices");
  if (list->items.empty()) throw file.error(*list, "matrices: the list is empty");
  std::vector<std::filesystem::path> files;
  for (const auto& item : list->items) {
    auto named = (path.parent_path() / file.scalar(item, "matrices")).lexically_normal();
    std::error_code ignored;
    if (!std::filesystem::exists(named, ignored))
      throw file.error(item, fmt::format("matrices: no such file: {}", named.string()));
    if (std::filesystem::is_directory(named, ignored))
      throw file.error(item, fmt::format("matrices: '{}' is a directory, not a YAML file", item.text));
    if (std::ranges::find(files, named) != files.end())
      throw file.error(item, fmt::format("matrices: '{}' is given twice", item.text));
    const auto other = YamlFile::load(named);
    if (other.root().is_map() && other.root().find("matrices") != nullptr)
      throw file.error(item, fmt::format("matrices: '{}' names matrices again; name those here", item.text));
    files.push_back(std::move(named));
  }
  return files;
}

Matrix load_matrix(const std::filesystem::path& path, const std::vector<std::string>& known_kernels) {
  auto file = YamlFile::load(path);
  return Reader(file, known_kernels).read(path);
}

} // namespace kdt::matrix

#include "matrix/expand.hpp"

#include "base/error.hpp"
#include "base/sha256.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace kdt::matrix {

namespace {
constexpr std::size_t k_longest_slug = 200;
constexpr std::size_t k_hash_digits = 12;

bool fits_file_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._=,+@-").find(c) != std::string_view::npos;
}

/// A value as an id holds it: "256M,high 64M,low" is two words of the command line, joined by '+'.
std::string id_text(std::string text) {
  std::ranges::replace(text, ' ', '+');
  return text;
}

void name_cell(Cell& cell) {
  for (const auto& [axis, value] : cell.axes) cell.id += (cell.id.empty() ? "" : "/") + axis + "=" + value;
  cell.slug = slug_of(cell.id);
}

bool excluded(const Matrix& matrix, const CellParameters& cell) {
  return std::ranges::any_of(matrix.exclude, [&](const Exclusion& exclusion) {
    return std::ranges::all_of(exclusion.conditions, [&](const Exclusion::Condition& condition) {
      return std::ranges::find(condition.any_of, condition.parameter->get(cell)) != condition.any_of.end();
    });
  });
}

void apply(CellParameters& cell, const Setting& setting) {
  auto complaint = setting.parameter->set(cell, setting.text);
  KDT_ASSERT(!complaint); // load_matrix() has tried it
}

CellParameters parameters_of(const Matrix& matrix, const std::vector<unsigned>& row) {
  auto parameters = matrix.defaults;
  for (std::size_t i = 0; i < row.size(); ++i) apply(parameters, matrix.axes[i].values[row[i]]);
  return parameters;
}

/// One value index for each axis, of every combination that is not excluded.
std::vector<std::vector<unsigned>> product(const Matrix& matrix) {
  std::vector<std::vector<unsigned>> rows;
  if (matrix.axes.empty()) return rows;
  std::vector<unsigned> row(matrix.axes.size(), 0);
  for (;;) {
    if (matrix.exclude.empty() || !excluded(matrix, parameters_of(matrix, row))) rows.push_back(row);
    std::size_t axis = row.size();
    while (axis > 0 && ++row[axis - 1] == matrix.axes[axis - 1].values.size()) row[--axis] = 0;
    if (axis == 0) return rows;
  }
}

/// What a row costs, to weigh one against another: nothing but memory makes a cell take minutes instead of seconds.
std::vector<double> costs_of(const Matrix& matrix, const std::vector<std::vector<unsigned>>& rows) {
  std::vector<double> costs;
  for (const auto& row : rows) costs.push_back(static_cast<double>(parameters_of(matrix, row).memory.bytes));
  return costs;
}

Cell product_cell(const Matrix& matrix, const std::vector<unsigned>& row) {
  Cell cell;
  cell.parameters = parameters_of(matrix, row);
  for (std::size_t i = 0; i < row.size(); ++i)
    cell.axes.emplace_back(matrix.axes[i].parameter->name, id_text(matrix.axes[i].values[row[i]].text));
  name_cell(cell);
  return cell;
}

/// The text by which the axis calls the value that the cell has, else the canonical one.
std::string axis_text(const Axis& axis, const CellParameters& cell) {
  auto canonical = axis.parameter->get(cell);
  auto it = std::ranges::find(axis.values, canonical, &Setting::canonical);
  return it == axis.values.end() ? canonical : it->text;
}

Cell included_cell(const Matrix& matrix, const Inclusion& inclusion) {
  Cell cell;
  cell.parameters = matrix.defaults;
  for (const auto& setting : inclusion.settings) apply(cell.parameters, setting);
  for (const auto& axis : matrix.axes)
    cell.axes.emplace_back(axis.parameter->name, id_text(axis_text(axis, cell.parameters)));
  for (const auto& setting : inclusion.settings)
    if (std::ranges::find(matrix.axes, setting.parameter, &Axis::parameter) == matrix.axes.end())
      cell.axes.emplace_back(setting.parameter->name, id_text(setting.text));
  name_cell(cell);
  return cell;
}

/// Where the first value stands that an id writes like one before it; the file when there is none.
std::string twin_place(const Matrix& matrix) {
  for (const auto& axis : matrix.axes) {
    std::unordered_set<std::string> seen;
    for (const auto& value : axis.values)
      if (!seen.insert(id_text(value.text)).second) return value.place;
  }
  return matrix.path.string();
}

std::string experiment_of(const CellParameters& cell) {
  std::string key;
  for (const auto& parameter : parameters()) key += parameter.get(cell) + '\n';
  return key;
}

/// Appends cells and refuses the same experiment, or the same id, a second time.
class Collector {
public:
  Collector(std::vector<Cell>& cells, bool twins_are_one) : cells_(cells), twins_are_one_(twins_are_one) {}

  void add(Cell cell, const std::string& place) {
    auto [twin, fresh] = experiments_.emplace(experiment_of(cell.parameters), cell.id);
    if (!fresh && twins_are_one_) return;
    if (!fresh) throw Error(Blame::usage, "{}: this cell is already in the matrix: {}", place, twin->second);
    if (!ids_.insert(cell.id).second) throw Error(Blame::usage, "{}: two cells have the id {}", place, cell.id);
    if (!slugs_.insert(cell.slug).second) cell.slug = slug_of(cell.id + '\n'); // '\n' forces the hash
    cells_.push_back(std::move(cell));
  }

private:
  std::vector<Cell>& cells_;
  bool twins_are_one_;
  std::unordered_map<std::string, std::string> experiments_;
  std::unordered_set<std::string> ids_;
  std::unordered_set<std::string> slugs_;
};
} // namespace

std::string slug_of(const std::string& id) {
  std::string slug;
  bool changed = false;
  for (char c : id) {
    bool fits = fits_file_name(c);
    changed |= !fits && c != '/';
    slug += fits ? c : '_';
  }
  if (slug.starts_with('.') || slug.starts_with('-')) slug[0] = '_';
  if (!changed && slug.size() <= k_longest_slug) return slug;
  slug.resize(std::min(slug.size(), k_longest_slug - k_hash_digits - 1));
  return slug + "-" + sha256(id).substr(0, k_hash_digits);
}

std::vector<Cell> expand(const Matrix& matrix) {
  auto rows = product(matrix);
  if (rows.empty() && !matrix.axes.empty() && matrix.include.empty())
    throw Error(Blame::usage, "{}: every cell of the matrix is excluded", matrix.exclude_place);
  std::vector<Cell> cells;
  Collector collector(cells, matrix.twins_are_one);
  auto place = twin_place(matrix); // nothing else can be there twice in a product
  if (matrix.cover == Cover::pairwise) {
    for (auto index : cover_pairs(rows, costs_of(matrix, rows)))
      collector.add(product_cell(matrix, rows[index]), place);
  } else {
    cells.reserve(rows.size() + matrix.include.size());
    for (const auto& row : rows) collector.add(product_cell(matrix, row), place);
  }
  for (const auto& inclusion : matrix.include) collector.add(included_cell(matrix, inclusion), inclusion.place);
  return cells;
}

} // namespace kdt::matrix

#include "matrix/own_kernels.hpp"

#include <algorithm>

namespace kdt::matrix {

namespace {

Setting kernel_setting(const std::string& name) {
  return {.parameter = find_parameter("kernel"), .text = name, .canonical = name, .place = "--kernel " + name};
}

/// Whether two entries say the same.
bool same(const Inclusion& a, const Inclusion& b) {
  auto has = [](const Inclusion& inclusion, const Setting& wanted) {
    return std::ranges::any_of(inclusion.settings, [&](const Setting& setting) {
      return setting.parameter == wanted.parameter && setting.canonical == wanted.canonical;
    });
  };
  return a.settings.size() == b.settings.size() &&
         std::ranges::all_of(b.settings, [&](const Setting& setting) { return has(a, setting); });
}

/// Entries that differed in their kernels alone are one now, for each of the new kernels.
std::vector<Inclusion> for_each_kernel(const std::vector<Inclusion>& include, const std::vector<std::string>& names) {
  std::vector<Inclusion> bare;
  for (auto inclusion : include) {
    std::erase_if(inclusion.settings,
                  [](const Setting& setting) { return setting.parameter == find_parameter("kernel"); });
    if (std::ranges::none_of(bare, [&](const Inclusion& other) { return same(inclusion, other); }))
      bare.push_back(std::move(inclusion));
  }
  std::vector<Inclusion> all;
  for (const auto& name : names)
    for (const auto& inclusion : bare) {
      all.push_back(inclusion);
      auto& settings = all.back().settings;
      settings.insert(settings.begin(), kernel_setting(name));
    }
  return all;
}

} // namespace

void use_kernels(Matrix& matrix, const std::vector<std::string>& names) {
  auto named = [&](const std::string& name) { return std::ranges::find(matrix.kernels, name) != matrix.kernels.end(); };
  if (std::ranges::all_of(names, named)) return;
  const auto* kernel = find_parameter("kernel");
  matrix.kernels = names;
  matrix.defaults.kernel = names.front();
  matrix.default_places.erase(kernel);
  if (!matrix.axes.empty()) {
    auto axis = std::ranges::find(matrix.axes, kernel, &Axis::parameter);
    if (axis == matrix.axes.end())
      axis = matrix.axes.insert(matrix.axes.begin(), Axis{.parameter = kernel, .values = {}});
    axis->values.clear();
    for (const auto& name : names) axis->values.push_back(kernel_setting(name));
  }
  matrix.include = for_each_kernel(matrix.include, names);
  matrix.twins_are_one = true;
  std::erase_if(matrix.exclude, [&](const Exclusion& exclusion) {
    return std::ranges::any_of(exclusion.conditions, [&](const auto& each) { return each.parameter == kernel; });
  });
}

} // namespace kdt::matrix

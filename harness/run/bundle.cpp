#include "run/bundle.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "matrix/expand.hpp"
#include "matrix/parameters.hpp"
#include "run/parcel.hpp"

#include <algorithm>

namespace kdt::run {

namespace {

/// What of a cell's directory is not for others, or is replaced.
bool left_out(const fs::path& name, const BundleOptions& options) {
  bool dump = name == "vmcore" || name == "dump.img" || name.filename() == "memory.kdump";
  return (dump && !options.vmcore) || name == k_recipe_file || name == k_parcel_list;
}

/// Collects files under names, and knows both.
class Packing {
public:
  explicit Packing(const fs::path& place) : place_(place) {}

  /// The name under which the file goes into the bundle; "" for one that there is not.
  std::string add(const std::string& directory, const fs::path& file) {
    if (file.empty()) return "";
    std::error_code unreadable;
    if (!fs::is_regular_file(file, unreadable))
      throw Error(Blame::usage, "{} is gone: the cell cannot be bundled without it", file.string());
    auto name = directory + "/" + file.filename().string();
    for (int i = 2; files.contains(name) && files.at(name) != file; ++i)
      name = fmt::format("{}/{}/{}", directory, i, file.filename().string());
    files[name] = file;
    return name;
  }
  std::vector<fs::path> add_all(const std::string& directory, const std::vector<fs::path>& paths) {
    std::vector<fs::path> names;
    for (const auto& path : paths) names.emplace_back(add(directory, path));
    return names;
  }
  void add_text(const std::string& name, const std::string& text) {
    write_file(place_ / name, text);
    files[name] = place_ / name;
  }

  ParcelFiles files;

private:
  fs::path place_;
};

/// Files below a directory, without links.
void add_directory(const fs::path& directory, const BundleOptions& options, Packing& packing) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    auto name = entry.path().lexically_relative(directory);
    bool plain = entry.is_regular_file() && !entry.is_symlink();
    bool ours = *name.begin() != "images" && *name.begin() != "rules"; // of a bundle that was unpacked here
    if (plain && ours && !left_out(name, options)) packing.files[name.string()] = entry.path();
  }
}

void require_inside(const fs::path& file, const fs::path& directory) {
  if (file.empty()) return;
  auto relative = file.lexically_relative(directory);
  std::error_code unreadable;
  bool inside = !relative.empty() && is_parcel_name(relative.string());
  if (!inside || !fs::is_regular_file(file, unreadable))
    throw Error(Blame::usage, "the bundle's recipe names '{}', which is not in it", printable(file.string()));
}

/// A matrix would have refused it: nothing of it may reach a command line or a file name.
void require_possible(const CellResult& result) {
  const auto& cell = result.cell;
  if (printable(cell.id) != cell.id || cell.id.find_first_of("\n\t") != std::string::npos)
    throw Error(Blame::usage, "the bundle's cell {} has control characters in its id", printable(cell.id));
  if (cell.slug != matrix::slug_of(cell.id) && cell.slug != matrix::slug_of(cell.id + '\n'))
    throw Error(Blame::usage, "the bundle's cell {} calls its directory '{}'", printable(cell.id),
                printable(cell.slug));
  for (const auto& parameter : matrix::parameters())
    if (!matrix::canonical(parameter, parameter.get(cell.parameters)))
      throw Error(Blame::usage, "the bundle's cell {} has a {} that no matrix could give it", printable(cell.id),
                  parameter.name);
}

} // namespace

void write_bundle(const fs::path& cell_directory, const image::KernelImage& kernel, const BundleOptions& options,
                  const fs::path& file) {
  auto cell = read_cell(cell_directory);
  auto recipe = read_recipe(cell_directory);
  TempDir place("kdt-bundle");
  Packing packing(place.path());
  add_directory(cell_directory, options, packing);
  recipe.kernel = kernel;
  if (!options.vmlinux) recipe.kernel.vmlinux = recipe.kernel.system_map = fs::path();
  for (auto* path : {&recipe.kernel.image, &recipe.kernel.initramfs, &recipe.kernel.vmlinux, &recipe.kernel.system_map,
                     &recipe.kernel.config})
    *path = packing.add("images", *path);
  recipe.rules.expectations = packing.add_all("rules", recipe.rules.expectations);
  recipe.rules.known_issues = packing.add_all("rules", recipe.rules.known_issues);
  recipe.rules.triggers = packing.add("rules", recipe.rules.triggers);
  recipe.kernel_options.clear(); // paths of this host
  packing.add_text(k_recipe_file, recipe_json(recipe));
  pack_parcel(file, packing.files,
              {{"cell", cell.cell.id},
               {"verdict", std::string(to_string(cell.verdict))},
               {"kernel", recipe.kernel.release},
               {"kdt", options.kdt_version},
               {"emulator", "QEMU " + recipe.emulator_version}});
}

void unpack_bundle(const fs::path& file, const fs::path& directory) {
  unpack_parcel(file, directory);
  auto recipe = read_recipe(directory);
  for (const auto& path : {recipe.kernel.image, recipe.kernel.initramfs, recipe.rules.triggers}) {
    if (path.empty())
      throw Error(Blame::usage, "{}: its recipe lacks a kernel, an initramfs or triggers", file.string());
    require_inside(path, directory);
  }
  for (const auto& path : {recipe.kernel.vmlinux, recipe.kernel.system_map, recipe.kernel.config})
    require_inside(path, directory);
  for (const auto* paths : {&recipe.rules.expectations, &recipe.rules.known_issues})
    for (const auto& path : *paths) require_inside(path, directory);
  require_possible(read_cell(directory));
}

} // namespace kdt::run

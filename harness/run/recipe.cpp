#include "run/recipe.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "model/json.hpp"

#include <nlohmann/json.hpp>

namespace kdt::run {

namespace {

using Json = nlohmann::ordered_json;

Json paths_json(const std::vector<fs::path>& paths) {
  Json json = Json::array();
  for (const auto& path : paths) json.push_back(path.string());
  return json;
}

/// An empty path stays empty: such a file there is not.
fs::path path_from(const Json& json, const fs::path& directory) {
  auto text = json.get<std::string>();
  return text.empty() ? fs::path() : directory / text;
}

std::vector<fs::path> paths_from(const Json& json, const fs::path& directory) {
  std::vector<fs::path> paths;
  for (const auto& path : json) paths.push_back(path_from(path, directory));
  return paths;
}

Json kernel_json(const image::KernelImage& kernel) {
  return {{"name", kernel.name},
          {"release", kernel.release},
          {"build_id", kernel.build_id},
          {"image", kernel.image.string()},
          {"initramfs", kernel.initramfs.string()},
          {"vmlinux", kernel.vmlinux.string()},
          {"system_map", kernel.system_map.string()},
          {"config", kernel.config.string()},
          {"fingerprint", kernel.fingerprint},
          {"no_probe", kernel.no_probe},
          {"facts", to_json(kernel.facts)}};
}

image::KernelImage kernel_from(const Json& json, const fs::path& directory) {
  return {.name = json.at("name"),
          .image = path_from(json.at("image"), directory),
          .vmlinux = path_from(json.at("vmlinux"), directory),
          .system_map = path_from(json.at("system_map"), directory),
          .config = path_from(json.at("config"), directory),
          .initramfs = path_from(json.at("initramfs"), directory),
          .facts = facts_from_json(json.at("facts")),
          .build_id = json.at("build_id"),
          .release = json.at("release"),
          .no_probe = json.at("no_probe"),
          .fingerprint = json.at("fingerprint")};
}

Recipe recipe_from(const Json& json, const fs::path& directory) {
  if (auto schema = json.at("schema").get<int>(); schema != k_schema)
    throw Error(Blame::usage, "its schema is {}, and this kdt reads {} only", schema, k_schema);
  const auto& rules = json.at("rules");
  return {.kernel = kernel_from(json.at("kernel"), directory),
          .rules = {.expectations = paths_from(rules.at("expectations"), directory),
                    .known_issues = paths_from(rules.at("known_issues"), directory),
                    .triggers = path_from(rules.at("triggers"), directory)},
          .matrix = json.at("matrix"),
          .kernel_options = json.at("kernel_options").get<std::vector<std::string>>(),
          .emulator_version = json.at("emulator"),
          .timeout_scale = json.at("timeout_scale")};
}

/// Parses a file of a cell directory with one of the functions above; whatever is wrong is said of the file.
template <class Function>
auto parse_file(const fs::path& file, const char* if_missing, Function from) {
  std::error_code unreadable;
  if (!fs::is_regular_file(file, unreadable)) throw Error(Blame::usage, "{}: {}", file.string(), if_missing);
  try {
    return from(Json::parse(read_file(file)));
  } catch (const Json::exception& error) {
    throw Error(Blame::usage, "{}: kdt did not write this: {}", file.string(), error.what());
  } catch (const Error& error) {
    throw Error(Blame::usage, "{}: {}", file.string(), error.what());
  }
}

} // namespace

std::string recipe_json(const Recipe& recipe) {
  Json json{{"schema", k_schema},
            {"kernel", kernel_json(recipe.kernel)},
            {"rules",
             {{"expectations", paths_json(recipe.rules.expectations)},
              {"known_issues", paths_json(recipe.rules.known_issues)},
              {"triggers", recipe.rules.triggers.string()}}},
            {"matrix", recipe.matrix},
            {"kernel_options", recipe.kernel_options},
            {"emulator", recipe.emulator_version},
            {"timeout_scale", recipe.timeout_scale}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Recipe read_recipe(const fs::path& directory) {
  return parse_file(directory / k_recipe_file, "no such file: the cell was not run, or by an older kdt",
                    [&](const Json& json) { return recipe_from(json, directory); });
}

CellResult read_cell(const fs::path& directory) {
  return parse_file(directory / "cell.json", "no such file: is it the directory of a cell that ended?",
                    [](const Json& json) { return cell_from_json(json); });
}

} // namespace kdt::run

#include "image/catalogue.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "image/own_kernel.hpp"
#include "image/yaml.hpp"

#include <algorithm>
#include <charconv>

namespace kdt::image {

namespace {

ByteSize size_of(const YamlFile& file, const YAML::Node& map, const std::string& key) {
  auto size = parse_byte_size(file.text(map, key));
  if (!size) file.fail(map[key], fmt::format("'{}' is not a size such as 600M", map[key].Scalar()));
  return *size;
}

std::string checked_name(const YamlFile& file, const YAML::Node& node) {
  std::string name = node.as<std::string>("");
  if (!is_kernel_name(name))
    file.fail(node, fmt::format("'{}' is not a name: letters, digits, '.', '_' and '-' only", name));
  return name;
}

std::optional<ByteSize> least_memory_of(const YamlFile& file, const YAML::Node& body) {
  return body["least_memory"] ? std::optional(size_of(file, body, "least_memory")) : std::nullopt;
}

bool yes_of(const YamlFile& file, const YAML::Node& map, const std::string& key) {
  bool value = false;
  if (map[key] && !YAML::convert<bool>::decode(map[key], value))
    file.fail(map[key], fmt::format("'{}' is yes or no, not '{}'", key, map[key].Scalar()));
  return value;
}

std::vector<Suite> read_suites(const YamlFile& file) {
  std::vector<Suite> suites;
  const YAML::Node map = file.root()["suites"];
  if (!map) return suites;
  file.expect_keys(map, "suites", {});
  for (const auto& entry : map) {
    const YAML::Node& body = entry.second;
    std::string name = checked_name(file, entry.first);
    file.expect_keys(body, fmt::format("suite '{}'", name), {"main_only", "stale"});
    suites.push_back(
        {.name = name, .main_only = yes_of(file, body, "main_only"), .stale = yes_of(file, body, "stale")});
  }
  return suites;
}

std::vector<std::filesystem::path> apt_sources_of(const YamlFile& file) {
  const auto texts = file.texts(file.root(), "apt_sources");
  return {texts.begin(), texts.end()};
}

/// A suite of which nothing is said under suites: has nothing odd about it.
Suite suite_of(const YamlFile& file, const YAML::Node& body, const std::vector<Suite>& suites) {
  std::string name = file.text(body, "suite");
  for (const auto& suite : suites)
    if (suite.name == name) return suite;
  checked_name(file, body["suite"]);
  return {.name = name};
}

std::vector<SourceSpec> read_sources(const YamlFile& file, const std::vector<Suite>& suites) {
  std::vector<SourceSpec> sources;
  const YAML::Node map = file.root()["sources"];
  if (!map) return sources;
  file.expect_keys(map, "sources", {});
  for (const auto& entry : map) {
    const YAML::Node& body = entry.second;
    std::string name = checked_name(file, entry.first);
    file.expect_keys(body, fmt::format("source '{}'", name),
                     {"package", "archive", "leave_out", "free_space", "suite"});
    sources.push_back({.name = name,
                       .package = file.text(body, "package"),
                       .archive = file.text(body, "archive"),
                       .leave_out = file.texts(body, "leave_out"),
                       .free_space = size_of(file, body, "free_space")});
    if (!body["suite"]) continue;
    sources.back().suite = suite_of(file, body, suites);
    sources.back().apt_sources = apt_sources_of(file);
  }
  return sources;
}

const SourceSpec& find_source(const YamlFile& file, const YAML::Node& body, const std::vector<SourceSpec>& sources) {
  std::string name = file.text(body, "source");
  std::vector<std::string> names;
  for (const auto& source : sources) {
    if (source.name == name) return source;
    names.push_back(source.name);
  }
  file.fail(body["source"], fmt::format("no source '{}'{}", name, suggestion(name, names)));
}

std::vector<std::string> known_fragments(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error))
    if (entry.path().extension() == ".config") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

void check_fragments(const YamlFile& file, const YAML::Node& body, const std::vector<std::string>& known) {
  if (!body["fragments"]) file.fail(body, "'fragments' is missing");
  if (file.texts(body, "fragments").empty()) file.fail(body["fragments"], "'fragments' is empty");
  for (const auto& item : body["fragments"])
    if (std::find(known.begin(), known.end(), item.Scalar()) == known.end())
      file.fail(item, fmt::format("no fragment '{}' in kconfig/{}", item.Scalar(), suggestion(item.Scalar(), known)));
}

unsigned steps_of(const YamlFile& file, const YAML::Node& body) {
  std::string text = file.text(body, "steps");
  unsigned steps = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), steps);
  if (error != std::errc{} || end != text.data() + text.size() || steps == 0)
    file.fail(body["steps"], fmt::format("'{}' is not a positive number of build steps", text));
  return steps;
}

PackagedKernel read_packaged(const YamlFile& file, const YAML::Node& body, const std::vector<Suite>& suites) {
  PackagedKernel kernel{.suite = suite_of(file, body, suites),
                        .packages = file.texts(body, "packages"),
                        .modules = file.texts(body, "modules"),
                        .apt_sources = apt_sources_of(file),
                        .expected = {{"version", file.text(body, "version")}},
                        .free_space = size_of(file, body, "free_space")};
  if (kernel.packages.empty()) file.fail(body, "'packages' names no package");
  kernel.expected["page_size"] = static_cast<std::int64_t>(size_of(file, body, "page_size").bytes);
  return kernel;
}

using Keys = std::vector<std::string>;
const Keys k_own_keys{"path",     "description", "revision", "patches", "fragments",
                      "zone_dma", "config",      "modules",  "probe",   "least_memory"};
const Keys k_packaged_keys{"description", "suite",     "packages",   "modules",
                           "version",     "page_size", "free_space", "least_memory"};
const Keys k_source_keys{"description", "source", "fragments", "steps", "free_space", "least_memory"};

/// Which keys an entry may have; a mistyped one must not decide which kind of kernel it is.
void check_keys(const YamlFile& file, const std::string& what, const YAML::Node& body) {
  Keys all;
  for (const auto* keys : {&k_own_keys, &k_packaged_keys, &k_source_keys})
    for (const auto& key : *keys)
      if (std::ranges::find(all, key) == all.end()) all.push_back(key);
  file.expect_keys(body, what, all);
  file.expect_keys(body, what, body["path"] ? k_own_keys : body["packages"] ? k_packaged_keys : k_source_keys);
}

/// Throws unless the value is one of these words, or absent.
void check_word(const YamlFile& file, const YAML::Node& body, const std::string& key, const Keys& words) {
  if (!body[key]) return;
  auto word = file.text(body, key);
  if (std::ranges::find(words, word) == words.end())
    file.fail(body[key], fmt::format("{}: '{}' is unknown{}", key, word, suggestion(word, words)));
}

/// An entry with `path:`; paths are relative to the file.
OwnKernel read_own(const YamlFile& file, const std::string& name, const YAML::Node& body) {
  auto path = [&](const std::string& key) {
    return body[key] ? file.path().parent_path() / file.text(body, key) : std::filesystem::path();
  };
  auto text = [&](const std::string& key) { return body[key] ? file.text(body, key) : std::string(); };
  OwnKernel own{.name = name,
                .path = path("path"),
                .description = text("description"),
                .revision = text("revision"),
                .patches = path("patches"),
                .zone_dma = text("zone_dma"),
                .config = path("config"),
                .modules = path("modules"),
                .probe = text("probe"),
                .least_memory = least_memory_of(file, body)};
  for (const auto& fragment : file.texts(body, "fragments"))
    own.fragments.push_back(file.path().parent_path() / fragment);
  check_word(file, body, "zone_dma", {"on", "off", "both"});
  check_word(file, body, "probe", {"on", "off"});
  return own;
}

} // namespace

std::vector<KernelSpec> Catalogue::read(const YamlFile& file, const std::vector<SourceSpec>& sources) const {
  const auto suites = read_suites(file);
  const YAML::Node map = file.root()["kernels"];
  if (!map) file.fail(file.root(), "'kernels' is missing");
  file.expect_keys(map, "kernels", {});
  std::vector<KernelSpec> kernels;
  for (const auto& entry : map) {
    const YAML::Node& body = entry.second;
    std::string name = checked_name(file, entry.first);
    check_keys(file, fmt::format("kernel '{}'", name), body);
    if (body["path"]) {
      for (auto& spec : own_specs(read_own(file, name, body), own_trees_)) kernels.push_back(std::move(spec));
      continue;
    }
    KernelSpec spec{.name = name,
                    .description = file.text(body, "description"),
                    .least_memory = least_memory_of(file, body),
                    .from = {}};
    if (body["packages"]) {
      spec.from = read_packaged(file, body, suites);
    } else {
      check_fragments(file, body, fragments_);
      spec.from = PackagedSource{.source = find_source(file, body, sources),
                                 .fragments = file.texts(body, "fragments"),
                                 .steps = steps_of(file, body),
                                 .free_space = size_of(file, body, "free_space")};
    }
    kernels.push_back(std::move(spec));
  }
  return kernels;
}

Catalogue Catalogue::load(const std::filesystem::path& path) {
  YamlFile file(path);
  file.expect_keys(file.root(), "the file", {"sources", "own_trees", "kernels", "suites", "apt_sources"});
  if (!file.root()["sources"]) file.fail(file.root(), "'sources' is missing");
  Catalogue catalogue;
  catalogue.fragments_ = known_fragments(path.parent_path() / "kconfig");
  catalogue.sources_ = read_sources(file, read_suites(file));
  if (const YAML::Node own = file.root()["own_trees"]) {
    file.expect_keys(own, "own_trees", {"fragments", "steps", "free_space"});
    check_fragments(file, own, catalogue.fragments_);
    catalogue.own_trees_ = {.fragments = file.texts(own, "fragments"),
                            .steps = steps_of(file, own),
                            .free_space = size_of(file, own, "free_space")};
  }
  catalogue.kernels_ = catalogue.read(file, catalogue.sources_);
  return catalogue;
}

std::vector<KernelSpec> Catalogue::read_more(const std::filesystem::path& path) const {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error))
    throw Error(Blame::usage, "--kernels {}: no such file", path.string());
  YamlFile file(path);
  file.expect_keys(file.root(), "the file", {"sources", "kernels", "suites", "apt_sources"});
  auto sources = read_sources(file, read_suites(file));
  sources.insert(sources.end(), sources_.begin(), sources_.end());
  return read(file, sources);
}

void Catalogue::add(KernelSpec spec) {
  auto same = std::ranges::find(kernels_, spec.name, &KernelSpec::name);
  if (same == kernels_.end())
    kernels_.push_back(std::move(spec));
  else
    *same = std::move(spec);
}

std::vector<std::string> Catalogue::names() const {
  std::vector<std::string> names;
  for (const auto& kernel : kernels_) names.push_back(kernel.name);
  return names;
}

const KernelSpec& Catalogue::kernel(const std::string& name) const {
  for (const auto& kernel : kernels_)
    if (kernel.name == name) return kernel;
  throw Error(Blame::usage, "no kernel '{}'{}", name, suggestion(name, names()));
}

UserspaceSpec UserspaceSpec::load(const std::filesystem::path& path) {
  YamlFile file(path);
  file.expect_keys(file.root(), "the file",
                   {"suite", "packages", "apt_sources", "programs", "libraries", "free_space"});
  UserspaceSpec spec;
  spec.suite = file.text(file.root(), "suite");
  spec.packages = file.texts(file.root(), "packages");
  for (const auto& source : file.texts(file.root(), "apt_sources")) spec.apt_sources.emplace_back(source);
  for (const auto& program : file.texts(file.root(), "programs")) spec.programs.emplace_back(program);
  spec.libraries = file.texts(file.root(), "libraries");
  spec.free_space = size_of(file, file.root(), "free_space");
  if (spec.packages.empty() || spec.programs.empty())
    file.fail(file.root(), "'packages' and 'programs' must name something");
  return spec;
}

} // namespace kdt::image

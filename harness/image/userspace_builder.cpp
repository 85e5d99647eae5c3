#include "image/userspace_builder.hpp"

#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "image/debian.hpp"
#include "image/elf.hpp"
#include "image/tools.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/ranges.h>

#include <array>

namespace kdt::image {

namespace {

constexpr const char* k_userspace_recipe = "3";
/// Where the hook leaves the names of the downloaded packages: after unpacking, dpkg's own record is still empty.
constexpr const char* k_package_list = "kdt-packages";

using Reader = CHandle<archive, archive_read_free>;

/// Debian's order of a loader's default directories; /usr/… is where merged-/usr releases keep the same files.
constexpr std::array k_library_directories = {"lib/aarch64-linux-gnu", "usr/lib/aarch64-linux-gnu", "lib", "usr/lib"};
constexpr std::array k_program_directories = {"sbin", "bin", "usr/sbin", "usr/bin"};

std::string without_dot(std::string path) {
  while (path.starts_with("./")) path.erase(0, 2);
  while (path.starts_with('/')) path.erase(0, 1);
  return path;
}

bool worth_keeping(const std::string& path) {
  if (path.find("/gconv/") != std::string::npos) return false;
  for (std::string_view start : {"bin/", "sbin/", "lib/", "usr/bin/", "usr/sbin/", "usr/lib/"})
    if (path.starts_with(start)) return true;
  return false;
}

template <std::size_t N>
const std::string* find_in(const PackageFiles& packages, const std::array<const char*, N>& directories,
                           const std::string& name) {
  for (const char* directory : directories)
    if (const auto* content = packages.find(fmt::format("{}/{}", directory, name))) return content;
  return nullptr;
}

/// Follows DT_NEEDED until nothing new turns up.
class Closure {
public:
  Closure(const PackageFiles& packages) : packages_(packages) {}

  void add_program(const std::string& guest_path) {
    const std::string name = fs::path(guest_path).filename().string();
    const auto* content = find_in(packages_, k_program_directories, name);
    if (content == nullptr) throw Error(Blame::infra, "no program '{}' in the guest's packages", name);
    add(guest_path, *content);
  }

  void add_library(const std::string& name, const std::string& needed_by) {
    const std::string guest_path = fmt::format("{}/{}", k_library_directories[0], name);
    if (files.contains(guest_path)) return;
    const auto* content = find_in(packages_, k_library_directories, name);
    if (content == nullptr)
      throw Error(Blame::infra, "no library '{}' in the guest's packages; {} needs it", name, needed_by);
    add(guest_path, *content);
  }

  std::map<std::string, std::string> files;

private:
  void add(const std::string& guest_path, const std::string& content) {
    files.emplace(guest_path, content);
    const ElfNeeds needs = elf_needs(guest_path, content);
    if (!needs.interpreter.empty()) add_loader(needs.interpreter, guest_path);
    for (const auto& library : needs.libraries)
      if (library != loader_) add_library(library, guest_path);
  }

  /// The kernel wants it at this very path; as a library it is loaded already.
  void add_loader(const std::string& interpreter, const std::string& needed_by) {
    loader_ = fs::path(interpreter).filename().string();
    const auto* content = find_in(packages_, k_library_directories, loader_);
    if (content == nullptr)
      throw Error(Blame::infra, "no loader '{}' in the guest's packages; {} needs it", loader_, needed_by);
    files.emplace(without_dot(interpreter), *content);
  }

  const PackageFiles& packages_;
  std::string loader_;
};

} // namespace

const std::string* PackageFiles::find(std::string path) const {
  for (int hops = 0; hops < 16; ++hops) {
    if (auto file = content.find(path); file != content.end()) return &file->second;
    auto link = links.find(path);
    if (link == links.end()) return nullptr;
    path = link->second;
  }
  return nullptr;
}

std::map<std::string, std::string> package_versions(std::string_view file_names) {
  std::map<std::string, std::string> versions;
  for (const auto& line : split(file_names, '\n')) {
    const auto parts = split(line, '_');
    if (parts.size() != 3 || !parts[2].ends_with(".deb")) continue;
    std::string version(parts[1]);
    if (auto colon = version.find("%3a"); colon != std::string::npos) version.replace(colon, 3, ":");
    versions.emplace(parts[0], version);
  }
  return versions;
}

PackageFiles read_packages(const fs::path& tar) {
  Reader reader(archive_read_new());
  archive_read_support_format_tar(reader.get());
  auto fail = [&] {
    throw Error(Blame::infra, "{}: cannot read: {}", tar.string(), archive_error_string(reader.get()));
  };
  if (archive_read_open_filename(reader.get(), tar.c_str(), 1 << 20) != ARCHIVE_OK) fail();
  PackageFiles packages;
  archive_entry* entry = nullptr;
  int result = ARCHIVE_OK;
  while ((result = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    std::string path = without_dot(archive_entry_pathname(entry));
    const bool list = path == k_package_list;
    if (!list && !worth_keeping(path)) continue;
    if (const char* target = archive_entry_hardlink(entry)) {
      packages.links[path] = without_dot(target);
    } else if (archive_entry_filetype(entry) == AE_IFLNK) {
      fs::path link = archive_entry_symlink(entry);
      packages.links[path] = without_dot(
          link.is_absolute() ? link.string() : (fs::path(path).parent_path() / link).lexically_normal().string());
    } else if (archive_entry_filetype(entry) == AE_IFREG) {
      std::string content(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
      if (archive_read_data(reader.get(), content.data(), content.size()) != static_cast<la_ssize_t>(content.size()))
        fail();
      if (list)
        packages.versions = package_versions(content);
      else
        packages.content[path] = std::move(content);
    }
  }
  if (result != ARCHIVE_EOF) fail();
  return packages;
}

std::map<std::string, std::string> guest_files(const UserspaceSpec& spec, const PackageFiles& packages) {
  Closure closure(packages);
  for (const auto& program : spec.programs) closure.add_program(program.string());
  for (const auto& library : spec.libraries) closure.add_library(library, "userspace.yaml");
  return std::move(closure.files);
}

EntryKey userspace_key(const UserspaceSpec& spec) {
  std::vector<std::string> programs;
  for (const auto& program : spec.programs) programs.push_back(program.string());
  return {.kind = "userspace",
          .name = spec.suite,
          .inputs = {{"recipe", k_userspace_recipe},
                     {"packages", fmt::format("{}", fmt::join(spec.packages, " "))},
                     {"programs", fmt::format("{}", fmt::join(programs, " "))},
                     {"libraries", fmt::format("{}", fmt::join(spec.libraries, " "))}}};
}

void build_userspace(const UserspaceSpec& spec, const fs::path& directory, BuildSteps& steps) {
  require(userspace_needs(), "the guest's user space");
  require_space(directory, spec.free_space, "the guest's user space");
  TempDir place("kdt-userspace", directory); // beside the entry: /tmp may be a small tmpfs
  const fs::path tar = place.path() / "packages.tar";
  // Packages are only unpacked, so that no arm64 binary has to run here.
  fetch_packages({.suite = {.name = spec.suite},
                  .apt_sources = spec.apt_sources,
                  .architecture = "arm64",
                  .packages = spec.packages,
                  .hook = fmt::format("ls \"$1/var/cache/apt/archives\" >\"$1/{}\"", k_package_list)},
                 tar, steps);
  steps.act("unpacking", [&] {
    const PackageFiles packages = read_packages(tar);
    for (const auto& name : spec.packages)
      if (!packages.versions.contains(name))
        throw Error(Blame::infra, "the version of package '{}' is not known: mmdebstrap ran no hook", name);
    Sha256 hash;
    std::string list;
    for (const auto& [name, version] : packages.versions) list += fmt::format("{} {}\n", name, version);
    hash.add_field(list);
    for (const auto& [path, content] : guest_files(spec, packages)) {
      const fs::path file = directory / "tree" / path;
      make_directories(file.parent_path());
      write_file(file, content);
      fs::permissions(file, fs::perms(0755));
      hash.add_field(path);
      hash.add_field(content);
    }
    write_file(directory / "packages", list);
    write_file(directory / "content", hash.hex() + "\n");
  });
}

std::string userspace_content(const fs::path& entry) {
  std::string hash = read_file(entry / "content");
  return hash.substr(0, hash.find('\n'));
}

} // namespace kdt::image

#include "image/git_tree.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "image/tools.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

namespace kdt::image {

namespace {

constexpr std::chrono::minutes k_patience{10}; // hashing a directory without git on a slow disk

/// What a build leaves in a directory, and no source tree has.
constexpr const char* k_built[] = {"*.o",
                                   "*.a",
                                   "*.ko",
                                   "*.cmd",
                                   "*.mod",
                                   "*.mod.c",
                                   ".tmp_*",
                                   "/vmlinux*",
                                   "/System.map",
                                   "/Module.symvers",
                                   "/.config",
                                   "/.config.*",
                                   "/modules.order",
                                   "/include/config",
                                   "/.git",
                                   "generated",
                                   "/arch/arm64/boot/Image*"};

/// What hooks of git set so that its programs find the hook's own repository: `git rev-parse --local-env-vars`, as of
/// git 2.39, without the configuration, which may hold the user's safe.directory; and what changes where git looks.
constexpr const char* k_local[] = {"GIT_ALTERNATE_OBJECT_DIRECTORIES",
                                   "GIT_OBJECT_DIRECTORY",
                                   "GIT_DIR",
                                   "GIT_WORK_TREE",
                                   "GIT_IMPLICIT_WORK_TREE",
                                   "GIT_GRAFT_FILE",
                                   "GIT_INDEX_FILE",
                                   "GIT_NO_REPLACE_OBJECTS",
                                   "GIT_REPLACE_REF_BASE",
                                   "GIT_PREFIX",
                                   "GIT_SHALLOW_FILE",
                                   "GIT_COMMON_DIR",
                                   "GIT_INTERNAL_SUPER_PREFIX",
                                   "GIT_NAMESPACE",
                                   "GIT_CEILING_DIRECTORIES"};

std::string first_line(const std::string& text) {
  auto line = std::string(trim(text.substr(0, text.find('\n'))));
  for (std::string_view head : {"fatal: ", "error: "})
    if (line.starts_with(head)) line.erase(0, head.size());
  return printable(line);
}

/// "name.patch -p0" of a quilt series in `directory`; nothing for an empty line. Throws Error{usage}.
std::optional<Patch> patch_of(const std::string& line, const fs::path& directory) {
  std::istringstream words(line.substr(0, line.find('#')));
  std::string name, option;
  if (!(words >> name)) return std::nullopt;
  Patch patch{.file = fs::absolute(directory / name)};
  while (words >> option) {
    if (option.size() != 3 || !option.starts_with("-p") || option[2] < '0' || option[2] > '9')
      throw Error(Blame::usage, "{}: {} has the option '{}', and only -pN is understood",
                  (directory / "series").string(), printable(name), printable(option));
    patch.strip = static_cast<unsigned>(option[2] - '0');
  }
  return patch;
}

/// "6" of "VERSION = 6".
std::string makefile_value(const std::string& makefile, const std::string& name) {
  for (const auto& line : split(makefile, '\n'))
    if (line.starts_with(name + " =")) return std::string(trim(line.substr(name.size() + 2)));
  return "";
}

} // namespace

GitTree::GitTree(const TreeChoice& choice, const fs::path& place, std::stop_token stop)
    : choice_(choice), own_("kdt-tree", place),
      stop_(std::move(stop)), environment_{{"GIT_OPTIONAL_LOCKS", "0"}, {"LC_ALL", "C"}} {
  require({{"git", "git"}}, "kernel source tree " + choice.path.string());
  std::error_code error;
  auto top = ask({"rev-parse", "--show-toplevel"});
  if (top.err.find("dubious ownership") != std::string::npos)
    throw Error(Blame::usage, "{}: git does not trust it: {}", choice_.path.string(), first_line(top.err));
  bool repository = top.status.success() && fs::equivalent(std::string(trim(top.out)), choice_.path, error);
  repository ? open_repository() : open_directory();
  for (const auto& patch : choice_.patches) apply(patch);
  if (id_.empty()) id_ = answer({"write-tree"});
  read_version();
}

Command GitTree::command(std::vector<std::string> arguments) const {
  Command command{.argv = {"env"}};
  for (const auto* name : k_local)
    if (!environment_.contains(name)) command.argv.insert(command.argv.end(), {"-u", name});
  // An index of ours must be whole, and nothing of the repository's may run.
  command.argv.insert(command.argv.end(),
                      {"git", "-C", choice_.path.string(), "-c", "core.fsmonitor=false", "-c", "core.splitIndex=false",
                       "-c", "core.looseCompression=1", "-c", "core.safecrlf=false"});
  std::ranges::move(arguments, std::back_inserter(command.argv));
  command.environment = environment_;
  return command;
}

Finished GitTree::ask(std::vector<std::string> arguments) const {
  return run_program(command(std::move(arguments)), Deadline::after(k_patience), stop_);
}

std::string GitTree::answer(std::vector<std::string> arguments) const {
  const std::string what = arguments.front();
  auto finished = ask(std::move(arguments));
  if (!finished.status.success())
    throw Error(Blame::infra, "{}: git {} failed ({}): {}", choice_.path.string(), what, to_string(finished.status),
                first_line(finished.err));
  return std::string(trim(finished.out));
}

void GitTree::open_repository() {
  auto objects = fs::weakly_canonical(choice_.path / answer({"rev-parse", "--git-path", "objects"}));
  auto index = choice_.path / answer({"rev-parse", "--git-path", "index"});
  make_directories(own_.path() / "objects");
  environment_["GIT_OBJECT_DIRECTORY"] = (own_.path() / "objects").string();
  environment_["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = objects.string();
  environment_["GIT_INDEX_FILE"] = (own_.path() / "index").string();
  if (!choice_.revision.empty()) return take_revision();
  // The repository's index knows which files did not change since. Its time is what tells changes in its last second.
  std::error_code none;
  if (fs::exists(index, none)) {
    fs::copy_file(index, own_.path() / "index");
    fs::last_write_time(own_.path() / "index", fs::last_write_time(index));
  }
  // Debian's linux-source, made a repository, ignores all of itself ("/*"): then what a build leaves is named here.
  if (!ask({"check-ignore", "--quiet", "--no-index", "Makefile"}).status.success()) {
    answer({"add", "--all"});
  } else {
    answer({"add", "--update"});
    take_files();
  }
}

void GitTree::take_revision() {
  const auto& revision = choice_.revision;
  auto found = ask({"rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{tree}"});
  if (!found.status.success()) {
    auto names = split(answer({"for-each-ref", "--format=%(refname:short)"}), '\n');
    auto near = nearest(revision, names);
    throw Error(Blame::usage, "{} has no revision '{}'{}", choice_.path.string(), revision,
                near ? fmt::format(" (did you mean '{}'?)", *near) : "");
  }
  if (choice_.patches.empty())
    id_ = trim(found.out);
  else
    answer({"read-tree", std::string(trim(found.out))});
}

void GitTree::open_directory() {
  if (!choice_.revision.empty())
    throw Error(Blame::usage, "{} is not the top of a git work tree: it has no revision '{}'", choice_.path.string(),
                choice_.revision);
  if (!fs::exists(choice_.path / "Kconfig")) // before all of it is read
    throw Error(Blame::usage, "{} is no Linux source tree: it has no Kconfig", choice_.path.string());
  environment_["GIT_DIR"] = (own_.path() / "git").string();
  environment_["GIT_WORK_TREE"] = choice_.path.string();
  answer({"init", "--quiet"});
  take_files();
}

void GitTree::take_files() {
  std::vector<std::string> list{"ls-files", "-z", "--others"};
  for (const auto* pattern : k_built) list.push_back(std::string("--exclude=") + pattern);
  auto listing = command(list);
  listing.output = own_.path() / "files";
  auto listed = run_program(listing, Deadline::after(k_patience), stop_);
  auto adding = command({"update-index", "--add", "-z", "--stdin"});
  adding.input = own_.path() / "files";
  auto added = run_program(adding, Deadline::after(k_patience), stop_);
  for (const auto& finished : {listed, added})
    if (!finished.status.success())
      throw Error(Blame::infra, "{}: git cannot read all of it: {}", choice_.path.string(), first_line(finished.err));
}

void GitTree::apply(const Patch& patch) {
  auto finished =
      ask({"apply", "--cached", "--whitespace=nowarn", fmt::format("-p{}", patch.strip), "--", patch.file.string()});
  if (!finished.status.success())
    throw Error(Blame::usage, "patch {} does not apply to {}{}: {}", patch.file.string(), choice_.path.string(),
                choice_.revision.empty() ? "" : "@" + choice_.revision, first_line(finished.err));
}

void GitTree::read_version() {
  for (const char* file : {"Makefile", "Kconfig", "arch/arm64/Kconfig"})
    if (!ask({"cat-file", "-e", id_ + ":" + file}).status.success())
      throw Error(Blame::usage, "{}{} is no Linux source tree: it has no {}", choice_.path.string(),
                  choice_.revision.empty() ? "" : "@" + choice_.revision, file);
  auto makefile = answer({"cat-file", "blob", id_ + ":Makefile"});
  version_ = makefile_value(makefile, "VERSION") + "." + makefile_value(makefile, "PATCHLEVEL");
  if (auto sublevel = makefile_value(makefile, "SUBLEVEL"); !sublevel.empty()) version_ += "." + sublevel;
  version_ += makefile_value(makefile, "EXTRAVERSION");
}

void GitTree::unpack(const fs::path& directory, BuildSteps& steps) const {
  steps.run("reading the tree", command({"read-tree", id_}));
  // Attributes of the repository must not change what is checked out: no line endings, no keywords.
  auto copy = command({"checkout-index", "--all", "--force", "--quiet", "--prefix=" + directory.string() + "/"});
  steps.run("copying the source", copy);
}

std::vector<Patch> patches_in(const fs::path& path) {
  std::error_code error;
  if (fs::is_regular_file(path, error)) return {Patch{.file = fs::absolute(path)}};
  if (!fs::is_directory(path, error)) throw Error(Blame::usage, "{}: no such patch or directory", path.string());
  std::vector<Patch> patches;
  if (fs::exists(path / "series")) {
    for (const auto& line : split(read_file(path / "series"), '\n'))
      if (auto patch = patch_of(line, path)) patches.push_back(std::move(*patch));
  } else {
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.path().extension() == ".patch" || entry.path().extension() == ".diff")
        patches.push_back({.file = fs::absolute(entry.path())});
    std::ranges::sort(patches, {}, &Patch::file);
  }
  for (const auto& patch : patches)
    if (!fs::is_regular_file(patch.file, error)) throw Error(Blame::usage, "{}: no such patch", patch.file.string());
  if (patches.empty()) throw Error(Blame::usage, "{}: no *.patch and no *.diff in it", path.string());
  return patches;
}

} // namespace kdt::image

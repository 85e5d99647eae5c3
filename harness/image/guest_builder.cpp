#include "image/guest_builder.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "image/initramfs.hpp"
#include "image/kernel_builder.hpp"
#include "image/tools.hpp"

#include <algorithm>

namespace kdt::image {

namespace {

constexpr const char* k_agent_recipe = "1";
constexpr const char* k_guest_recipe = "2";
constexpr const char* k_module = "kdt_probe.ko";
constexpr const char* k_preloads[] = {"kdt_lzo.so", "kdt_direct.so"}; // what the agent runs makedumpfile with

void build_probe(const GuestParts& parts, const fs::path& directory, BuildSteps& steps) {
  TempDir place("kdt-probe", directory); // kbuild writes beside the sources
  for (const auto& entry : fs::directory_iterator(parts.guests / "probe"))
    if (entry.is_regular_file()) fs::copy_file(entry.path(), place.path() / entry.path().filename());
  auto compile = kernel_make(parts.module_make);
  compile.argv.insert(
      compile.argv.end(),
      {"M=" + place.path().string(), "KDT_INCLUDE=" + fs::absolute(parts.guests / "include").string(), "modules"});
  compile.environment["TMPDIR"] = place.path().string(); // what a killed compiler leaves goes with it
  try {
    steps.run("compiling the probe", compile);
  } catch (const Error& error) { // a full disk is nobody's kernel's fault
    if (parts.own_kernel.empty() || is_shortage(error.what())) throw;
    throw Error(Blame::usage,
                "kernel {} cannot be tested with a probe module: {}; say probe=off to run it without: the page tables "
                "are read from the host then, and no stray write is tried",
                parts.own_kernel, error.what());
  }
  fs::copy_file(place.path() / k_module, directory / k_module);
  steps.run("stripping the probe",
            {.argv = {"aarch64-linux-gnu-strip", "--strip-debug", (directory / k_module).string()}});
}

} // namespace

std::string sources_hash(const std::vector<fs::path>& directories) {
  Sha256 hash;
  for (const auto& directory : directories) {
    if (!fs::is_directory(directory))
      throw Error(Blame::infra, "{}: no such directory: is this kdt's repository?", directory.string());
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(directory))
      if (entry.is_regular_file() && entry.path().stem().string().find("_test") == std::string::npos)
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
      hash.add_field(file.lexically_relative(directory).string());
      hash.add_field(read_file(file));
    }
  }
  return hash.hex();
}

EntryKey agent_key(const fs::path& guests) {
  return {.kind = "agent",
          .name = "arm64",
          .inputs = {{"recipe", k_agent_recipe},
                     {"sources", sources_hash({guests / "agent", guests / "include"})},
                     {"compiler", program_version("aarch64-linux-gnu-g++")}}};
}

void build_agent(const fs::path& guests, const fs::path& directory, BuildSteps& steps) {
  steps.run("compiling", {.argv = {"make", "-C", (guests / "agent").string(), "OUT=" + (directory / "agent").string()},
                          .environment = {{"LC_ALL", "C"}, {"MAKEFLAGS", ""}, {"TMPDIR", directory.string()}}});
}

EntryKey guest_key(const fs::path& guests, const EntryKey& kernel, const EntryKey& agent,
                   const std::string& userspace_content) {
  return {.kind = "guest",
          .name = kernel.name,
          .inputs = {{"recipe", k_guest_recipe},
                     {"kernel", kernel.hash()},
                     {"agent", agent.hash()},
                     {"userspace", userspace_content},
                     {"probe", sources_hash({guests / "probe"})}}};
}

void build_guest(const GuestParts& parts, const fs::path& directory, BuildSteps& steps) {
  bool probe = parts.no_modules.empty(); // else what it would have seen is read from the host
  if (probe)
    build_probe(parts, directory, steps);
  else
    write_file(directory / "no-probe", parts.no_modules);
  fs::copy_file(parts.userspace / "packages", directory / "packages");
  steps.act("writing the initramfs", [&] {
    Initramfs tree;
    for (const char* empty : {"dev", "proc", "sys", "tmp", "run", "root"}) tree.add_directory(empty);
    tree.add_character_device("dev/console", 0600, 5, 1); // before devtmpfs is mounted, PID 1 has a stdout
    tree.add_character_device("dev/null", 0666, 1, 3);
    tree.add_tree(parts.userspace / "tree");
    tree.add_symlink("usr/bin", "../bin");
    tree.add_symlink("usr/sbin", "../sbin");
    tree.add_file("init", 0755, read_file(parts.agent / "agent"));
    tree.add_symlink("agent", "init");
    for (const char* library : k_preloads) tree.add_file(library, 0755, read_file(parts.agent / library));
    if (probe) tree.add_file(k_module, 0644, read_file(directory / k_module));
    if (const fs::path modules = parts.kernel / "modules"; fs::exists(modules))
      for (const auto& entry : fs::directory_iterator(modules))
        tree.add_file("modules/" + entry.path().filename().string(), 0644, read_file(entry.path()));
    tree.write(directory / "initramfs.cpio");
  });
}

} // namespace kdt::image

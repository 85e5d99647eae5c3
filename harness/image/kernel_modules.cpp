#include "image/kernel_modules.hpp"

#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "image/elf.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <map>
#include <set>

namespace kdt::image {

namespace {

using Reader = CHandle<archive, archive_read_free>;

/// kernel/drivers/block/virtio-blk.ko.xz is virtio_blk: the kernel knows no '-'.
std::string module_name(const fs::path& file) {
  std::string name = file.filename().string();
  name = name.substr(0, name.find(".ko"));
  std::ranges::replace(name, '-', '_');
  return name;
}

/// "virtio,virtio_ring" of "depends=virtio,virtio_ring" in a module's .modinfo.
std::string modinfo(const std::string& name, const std::string& content, const std::string& key) {
  for (const auto& field : split(elf_section(name, content, ".modinfo"), '\0'))
    if (field.starts_with(key + "=")) return field.substr(key.size() + 1);
  return {};
}

std::vector<std::string> dependencies(const std::string& name, const std::string& content) {
  std::vector<std::string> found;
  for (const auto& word : split(modinfo(name, content, "depends"), ','))
    if (!word.empty()) found.push_back(module_name(word));
  return found;
}

class Closure {
public:
  explicit Closure(const fs::path& tree) : tree_(tree) {
    for (const auto& entry : fs::recursive_directory_iterator(tree))
      if (entry.is_regular_file() && entry.path().filename().string().find(".ko") != std::string::npos)
        files_[module_name(entry.path())] = entry.path();
    if (fs::exists(tree / "modules.builtin"))
      for (const auto& line : split(read_file(tree / "modules.builtin"), '\n')) builtin_.insert(module_name(line));
  }

  void add(const std::string& name, const std::string& wanted_by) {
    if (builtin_.contains(name) || !seen_.insert(name).second) return;
    auto file = files_.find(name);
    if (file == files_.end())
      throw Error(Blame::infra, "{}: there is no module {}, which {} needs", tree_.string(), name, wanted_by);
    KernelModule module{.name = name, .content = read_unpacked(file->second)};
    for (const auto& needed : dependencies(file->second.string(), module.content)) add(needed, name);
    modules.push_back(std::move(module));
  }

  std::vector<KernelModule> modules{};

private:
  fs::path tree_;
  std::map<std::string, fs::path> files_;
  std::set<std::string> builtin_;
  std::set<std::string> seen_;
};

} // namespace

std::string read_unpacked(const fs::path& file) {
  Reader reader(archive_read_new());
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_filename(reader.get(), file.c_str(), 1 << 20) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
    throw Error(Blame::infra, "{}: cannot read: {}", file.string(), archive_error_string(reader.get()));
  std::string content;
  std::string piece(std::size_t{1} << 20, '\0');
  for (;;) {
    auto got = archive_read_data(reader.get(), piece.data(), piece.size());
    if (got < 0) throw Error(Blame::infra, "{}: cannot read: {}", file.string(), archive_error_string(reader.get()));
    if (got == 0) return content;
    content.append(piece, 0, static_cast<std::size_t>(got));
  }
}

std::vector<KernelModule> modules_in_order(const fs::path& tree, const std::vector<std::string>& names,
                                           const std::string& wanted_by) {
  Closure closure(tree);
  for (const auto& name : names) closure.add(name, wanted_by);
  return std::move(closure.modules);
}

std::string release_of(const KernelModule& module) {
  auto magic = modinfo(module.name, module.content, "vermagic");
  return magic.substr(0, magic.find(' '));
}

void write_modules(const std::vector<KernelModule>& modules, const fs::path& directory) {
  make_directories(directory);
  std::string order;
  for (const auto& module : modules) {
    write_file(directory / (module.name + ".ko"), module.content);
    order += module.name + "\n";
  }
  write_file(directory / "order", order);
}

} // namespace kdt::image

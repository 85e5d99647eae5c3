#include "image/initramfs.hpp"

#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <sys/sysmacros.h>

namespace kdt::image {

namespace {

using Writer = CHandle<archive, archive_write_free>;
using Entry = CHandle<archive_entry, archive_entry_free>;

void check(int result, archive* writer, const fs::path& file) {
  if (result != ARCHIVE_OK)
    throw Error(Blame::infra, "{}: cannot write the initramfs: {}", file.string(), archive_error_string(writer));
}

} // namespace

void Initramfs::put(const std::string& path, Node node) {
  KDT_ASSERT(!path.empty() && path.front() != '/');
  for (auto slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1))
    nodes_.try_emplace(path.substr(0, slash), Directory{});
  nodes_.insert_or_assign(path, std::move(node));
}

void Initramfs::add_directory(const std::string& path) {
  put(path, Directory{});
}

void Initramfs::add_file(const std::string& path, unsigned mode, std::string content) {
  put(path, File{mode, std::move(content)});
}

void Initramfs::add_symlink(const std::string& path, const std::string& target) {
  put(path, Symlink{target});
}

void Initramfs::add_character_device(const std::string& path, unsigned mode, unsigned major, unsigned minor) {
  put(path, Device{mode, major, minor});
}

void Initramfs::add_tree(const fs::path& directory) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    std::string path = entry.path().lexically_relative(directory).string();
    if (entry.is_symlink())
      add_symlink(path, fs::read_symlink(entry.path()).string());
    else if (entry.is_regular_file())
      add_file(path, static_cast<unsigned>(entry.status().permissions()) & 0777, read_file(entry.path()));
  }
}

void Initramfs::write(const fs::path& file) const {
  Writer writer(archive_write_new());
  check(archive_write_set_format_cpio_newc(writer.get()), writer.get(), file);
  check(archive_write_open_filename(writer.get(), file.c_str()), writer.get(), file);
  std::int64_t inode = 0;
  for (const auto& [path, node] : nodes_) {
    Entry entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_mtime(entry.get(), 0, 0);
    archive_entry_set_ino64(entry.get(), ++inode);
    archive_entry_set_nlink(entry.get(), 1);
    archive_entry_set_size(entry.get(), 0);
    std::string_view content;
    if (std::holds_alternative<Directory>(node)) {
      archive_entry_set_mode(entry.get(), AE_IFDIR | 0755);
    } else if (const auto* regular = std::get_if<File>(&node)) {
      archive_entry_set_mode(entry.get(), AE_IFREG | regular->mode);
      content = regular->content;
      archive_entry_set_size(entry.get(), static_cast<std::int64_t>(content.size()));
    } else if (const auto* link = std::get_if<Symlink>(&node)) {
      archive_entry_set_mode(entry.get(), AE_IFLNK | 0777);
      archive_entry_set_symlink(entry.get(), link->target.c_str());
    } else if (const auto* device = std::get_if<Device>(&node)) {
      archive_entry_set_mode(entry.get(), AE_IFCHR | device->mode);
      archive_entry_set_rdev(entry.get(), makedev(device->major, device->minor));
    }
    check(archive_write_header(writer.get(), entry.get()), writer.get(), file);
    if (!content.empty() &&
        archive_write_data(writer.get(), content.data(), content.size()) != static_cast<la_ssize_t>(content.size()))
      check(ARCHIVE_FATAL, writer.get(), file);
  }
  check(archive_write_close(writer.get()), writer.get(), file);
}

} // namespace kdt::image

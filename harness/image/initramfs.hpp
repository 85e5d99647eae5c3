#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace kdt::image {

/// A file tree in memory that becomes a newc cpio: sorted, owned by root, times 0, so that equal trees give equal
/// bytes.
class Initramfs {
public:
  /// Directories above a path appear by themselves (0755). Paths are relative: "sbin/kexec".
  void add_directory(const std::string& path);
  void add_file(const std::string& path, unsigned mode, std::string content);
  void add_symlink(const std::string& path, const std::string& target);
  void add_character_device(const std::string& path, unsigned mode, unsigned major, unsigned minor);
  /// Every regular file and symbolic link below a directory on disk, with its permissions.
  void add_tree(const std::filesystem::path& directory);

  /// Uncompressed: QEMU loads it in no time, a guest under TCG would unpack it slowly. Throws Error{infra}.
  void write(const std::filesystem::path& file) const;

private:
  struct Directory {};
  struct File {
    unsigned mode;
    std::string content;
  };
  struct Symlink {
    std::string target;
  };
  struct Device {
    unsigned mode;
    unsigned major;
    unsigned minor;
  };
  using Node = std::variant<Directory, File, Symlink, Device>;

  void put(const std::string& path, Node node);

  std::map<std::string, Node> nodes_;
};

} // namespace kdt::image

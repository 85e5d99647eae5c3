#include "cli/repository.hpp"

#include "base/error.hpp"

#include <cstdlib>

namespace kdt::cli {

namespace fs = std::filesystem;

namespace {
bool is_repository(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path / "images" / "kernels.yaml", ignored);
}
} // namespace

fs::path find_repository() {
  if (const char* root = std::getenv("KDT_ROOT"); root != nullptr && *root != '\0') {
    if (is_repository(root)) return fs::absolute(root);
    throw Error(Blame::usage, "KDT_ROOT is {}, and there is no images/kernels.yaml in it", root);
  }
  std::error_code error;
  for (auto path = fs::read_symlink("/proc/self/exe", error).parent_path(); !path.empty(); path = path.parent_path()) {
    if (is_repository(path)) return path;
    if (path == path.parent_path()) break;
  }
  throw Error(Blame::usage, "the kdt repository was not found: start kdt by its launcher, or set KDT_ROOT");
}

} // namespace kdt::cli

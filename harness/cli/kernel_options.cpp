#include "cli/kernel_options.hpp"

namespace kdt::cli {

void KernelOptions::add_to(CLI::App& app) {
  app.add_option("--kernel", own.texts,
                 "NAME=PATH[@REVISION][,SETTING=VALUE…]: a kernel of your own. PATH is a source tree, a finished build "
                 "directory or an Image. Settings: patches=FILE|DIR, zone_dma=on|off|both, fragment=FILE.config, "
                 "config=FILE, modules=DIR, probe=off (for a kernel that the probe module does not compile for). "
                 "Unless the matrix names them, these are the kernels it runs on; repeatable")
      ->allow_extra_args(false);
  app.add_option("--kernels", own.files,
                 "a file like images/kernels.yaml with kernels of your own (path:, revision:, patches:, zone_dma:, "
                 "fragments:, config:, modules:, probe:); repeatable")
      ->allow_extra_args(false);
}

std::vector<std::string> KernelOptions::words() const {
  std::vector<std::string> words;
  for (const auto& file : own.files) {
    words.emplace_back("--kernels");
    words.push_back(file);
  }
  for (const auto& text : own.texts) {
    words.emplace_back("--kernel");
    words.push_back(text);
  }
  return words;
}

} // namespace kdt::cli

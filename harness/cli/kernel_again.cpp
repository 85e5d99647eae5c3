#include "cli/kernel_again.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>

namespace kdt::cli {

namespace {

/// The words of KernelOptions::words(), read back.
image::OwnKernels own_kernels(const std::vector<std::string>& words) {
  image::OwnKernels own;
  for (std::size_t i = 0; i + 1 < words.size(); i += 2)
    (words[i] == "--kernels" ? own.files : own.texts).push_back(words[i + 1]);
  return own;
}

std::string words_for(const image::KernelImage& kernel) {
  return kernel.build_id.empty() ? kernel.release : fmt::format("{}, build id {}", kernel.release, kernel.build_id);
}

} // namespace

image::KernelImage kernel_again(const run::Recipe& recipe, image::Images& images, std::stop_token stop) {
  auto kernel = recipe.kernel;
  std::error_code ignored;
  for (auto* file : {&kernel.vmlinux, &kernel.system_map, &kernel.config})
    if (!fs::exists(*file, ignored)) file->clear();
  if (fs::exists(kernel.image, ignored) && fs::exists(kernel.initramfs, ignored)) return kernel;
  bool own = std::ranges::find(images.own_names(), kernel.name) != images.own_names().end();
  if (!own) images.add_own(own_kernels(recipe.kernel_options), stop);
  auto names = images.catalogue().names();
  if (std::ranges::find(names, kernel.name) == names.end())
    throw Error(Blame::usage, "{} is gone, and no kernel is called '{}' here: the cell cannot be run again",
                kernel.image.string(), printable(kernel.name));
  auto made = images.kernel(kernel.name, stop);
  if (made.fingerprint != kernel.fingerprint || made.build_id != kernel.build_id)
    throw Error(Blame::usage,
                "the kernel or initramfs of that cell ({}) is gone from the cache, and what is made now is another "
                "({}): './kdt run {} --only ID' runs the cell with that",
                words_for(kernel), words_for(made), recipe.matrix);
  return made;
}

} // namespace kdt::cli

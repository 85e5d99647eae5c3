#pragma once

#include "image/images.hpp"
#include "run/recipe.hpp"

#include <stop_token>

namespace kdt::cli {

/// The kernel of a recipe, its files where they were; when the cache has lost them, made again. Files beside Image and
/// initramfs that are not there any more are left out. Throws Error{usage} when what can be made now is another kernel,
/// and what Images::kernel throws.
image::KernelImage kernel_again(const run::Recipe& recipe, image::Images& images, std::stop_token stop);

} // namespace kdt::cli

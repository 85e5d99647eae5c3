#pragma once

#include <filesystem>

namespace kdt::cli {

/// The source tree with images/ and guests/: $KDT_ROOT (the launcher sets it), else above the program itself.
/// Throws Error{usage} when neither holds them.
std::filesystem::path find_repository();

} // namespace kdt::cli

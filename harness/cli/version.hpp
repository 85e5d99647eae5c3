#pragma once

#include <filesystem>
#include <string>

namespace kdt::cli {

/// Which kdt this is: "0.1.0", and the commit of its repository where git tells: "0.1.0 (531423e)", with a "+" when
/// files were changed since.
std::string kdt_version(const std::filesystem::path& repository);

} // namespace kdt::cli

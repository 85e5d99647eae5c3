#pragma once

#include "model/value.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace kdt::image {

/// What an arm64 Image tells of itself.
struct ImageFile {
  std::string release;                   ///< of its banner; empty: there is none
  std::optional<std::int64_t> page_size; ///< of its header's flags; kernels before 3.17 do not say
  std::string build_id;                  ///< of its notes; empty: none
  std::string config;                    ///< the .config that IKCONFIG put into it; empty: none
};

/// The Image in a file that may be compressed with gzip. Throws Error{usage} that says what the file is when it is no
/// little-endian arm64 Image: an x86 kernel, an ELF file, an EFI zboot image.
std::string read_image(const std::filesystem::path& file);

/// Looks into an Image. Source of the header: Documentation/arm64/booting.rst.
ImageFile examine_image(std::string_view content);

/// The facts that follow from an Image alone.
Facts image_facts(const ImageFile& image);

} // namespace kdt::image

#pragma once

#include "base/units.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace kdt::run {

/// What a parcel may hold; one that says it holds more is refused before anything is unpacked.
struct ParcelLimits {
  std::size_t files = 200;
  ByteSize file = ByteSize::gib(4);
  ByteSize total = ByteSize::gib(8);
};

/// Files by their names in the parcel; a value is a path on this host.
using ParcelFiles = std::map<std::string, std::filesystem::path>;

/// The name of the first file of a parcel: JSON with `files`, and with the members that pack_parcel() was given.
inline constexpr const char* k_parcel_list = "bundle.json";

/// Writes a tar archive, compressed with zstd, that begins with a list of its files, their sizes and their SHA-256.
/// Throws Error{infra}, and Error{usage} for a name that unpack_parcel() would refuse.
void pack_parcel(const std::filesystem::path& archive, const ParcelFiles& files,
                 const std::map<std::string, std::string>& members);

/// Unpacks an archive, of which nothing is trusted, into a directory that it makes: plain files below it under plain
/// names, each as the list at the beginning says. Throws Error{usage} that names what is wrong (then the directory may
/// hold a part of it), Error{infra} when the host cannot write.
void unpack_parcel(const std::filesystem::path& archive, const std::filesystem::path& directory,
                   const ParcelLimits& limits = {});

/// Relative, without "..", of letters, digits, '/' and a few other characters.
bool is_parcel_name(std::string_view name);

} // namespace kdt::run

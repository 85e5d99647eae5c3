#include "image/image_file.hpp"

#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "image/elf.hpp"
#include "image/facts.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <cstring>

namespace kdt::image {

namespace {

using GzipReader = CHandle<archive, archive_read_free>;

constexpr std::size_t k_header = 64;
constexpr std::size_t k_largest = std::size_t{512} << 20; ///< no Image is as large: a stream that never ends

template <class T>
T number_at(std::string_view content, std::size_t offset) {
  T value{};
  if (offset + sizeof value <= content.size()) std::memcpy(&value, content.data() + offset, sizeof value);
  return value; // little-endian on both sides
}

/// Empty when it is no gzip stream.
std::string gunzip(std::string_view compressed) {
  if (!compressed.starts_with("\x1f\x8b")) return {}; // libarchive hands out unpacked what is not packed
  GzipReader reader(archive_read_new());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_memory(reader.get(), compressed.data(), compressed.size()) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
    return {};
  std::string text, piece(1 << 20, '\0');
  while (text.size() < k_largest) {
    auto got = archive_read_data(reader.get(), piece.data(), piece.size());
    if (got <= 0) break; // what follows the stream is none of our business
    text.append(piece, 0, static_cast<std::size_t>(got));
  }
  return text;
}

/// What a file is that is no arm64 Image.
std::string_view kind_of(std::string_view content) {
  if (content.empty()) return "empty, or a gzip file that is broken";
  if (content.substr(0x202 < content.size() ? 0x202 : content.size(), 4) == "HdrS") return "an x86 kernel";
  if (content.starts_with("\x7f"
                          "ELF"))
    return "an ELF file; the Image beside vmlinux, arch/arm64/boot/Image, is what boots";
  if (content.size() > 8 && content.starts_with("MZ") && content.substr(4, 4) == "zimg")
    return "an EFI zboot image; give arch/arm64/boot/Image of that build";
  return "of a kind that is unknown here";
}

/// "6.1.192-x" of "Linux version 6.1.192-x (…".
std::string release_in(std::string_view content) {
  constexpr std::string_view banner = "Linux version ";
  for (auto at = content.find(banner); at != std::string_view::npos; at = content.find(banner, at + 1)) {
    auto release = content.substr(at + banner.size(), 80);
    release = release.substr(0, release.find(' '));
    if (!release.empty() && release[0] >= '0' && release[0] <= '9') return printable(release);
  }
  return {};
}

} // namespace

std::string read_image(const fs::path& file) {
  auto content = read_file(file);
  if (content.starts_with("\x1f\x8b")) content = gunzip(content);
  if (content.size() < k_header || content.substr(56, 4) != "ARM\x64")
    throw Error(Blame::usage, "{} is no arm64 Image: it is {}", file.string(), kind_of(content));
  if ((number_at<std::uint64_t>(content, 24) & 1) != 0)
    throw Error(Blame::usage, "{} is a big-endian kernel, and kdt's guests are little-endian", file.string());
  return content;
}

ImageFile examine_image(std::string_view content) {
  ImageFile image{.release = release_in(content), .page_size = {}, .build_id = image_build_id(content), .config = {}};
  switch (number_at<std::uint64_t>(content, 24) >> 1 & 3) {
  case 1:
    image.page_size = 4096;
    break;
  case 2:
    image.page_size = 16384;
    break;
  case 3:
    image.page_size = 65536;
    break;
  default:
    break;
  }
  constexpr std::string_view begin = "IKCFG_ST", end = "IKCFG_ED";
  if (auto from = content.find(begin); from != std::string_view::npos)
    if (auto to = content.find(end, from); to != std::string_view::npos)
      image.config = gunzip(content.substr(from + begin.size(), to - from - begin.size()));
  return image;
}

Facts image_facts(const ImageFile& image) {
  auto of_release = kernel_facts({}, image.release);
  Facts facts{{"release", of_release["release"]}, {"version", of_release["version"]}};
  if (image.page_size) facts["page_size"] = *image.page_size;
  return facts;
}

} // namespace kdt::image

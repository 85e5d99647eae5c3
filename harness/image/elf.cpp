#include "image/elf.hpp"

#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include <gelf.h>

#include <algorithm>
#include <cstring>
#include <fcntl.h>

namespace kdt::image {

namespace {

using Handle = CHandle<Elf, elf_end>;

Handle open_memory(std::string_view name, std::string_view content) {
  elf_version(EV_CURRENT);
  Handle elf(elf_memory(const_cast<char*>(content.data()), content.size())); // libelf only reads it
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF) throw Error(Blame::infra, "{}: not an ELF file", name);
  return elf;
}

void add_needed(Elf* elf, Elf_Scn* section, const GElf_Shdr& header, ElfNeeds& needs) {
  Elf_Data* entries = elf_getdata(section, nullptr);
  if (entries == nullptr || header.sh_entsize == 0) return;
  for (int i = 0; i < static_cast<int>(header.sh_size / header.sh_entsize); ++i) {
    GElf_Dyn entry;
    if (gelf_getdyn(entries, i, &entry) == nullptr || entry.d_tag != DT_NEEDED) continue;
    if (const char* text = elf_strptr(elf, header.sh_link, entry.d_un.d_val)) needs.libraries.emplace_back(text);
  }
}

/// The build id of a note section's content; empty when no note in it is one.
std::string build_id_in(Elf_Data* notes) {
  GElf_Nhdr header;
  std::size_t name = 0;
  std::size_t description = 0;
  const auto* bytes = static_cast<const unsigned char*>(notes->d_buf);
  for (std::size_t at = 0; (at = gelf_getnote(notes, at, &header, &name, &description)) > 0;) {
    bool gnu = header.n_namesz == 4 && std::string_view(reinterpret_cast<const char*>(bytes) + name, 3) == "GNU";
    if (!gnu || header.n_type != NT_GNU_BUILD_ID) continue;
    std::string id;
    for (std::size_t i = 0; i < header.n_descsz; ++i) id += fmt::format("{:02x}", bytes[description + i]);
    return id;
  }
  return {};
}

template <class Header>
std::size_t elf_size_by(std::string_view file) {
  Header header;
  if (file.size() < sizeof header) return 0;
  std::memcpy(&header, file.data(), sizeof header);
  if (header.e_shoff > file.size()) return 0;
  return std::min<std::size_t>(file.size(), header.e_shoff + std::size_t{header.e_shentsize} * header.e_shnum);
}

/// Up to the end of its section headers, which a linker writes last. 0 for what is none of 32 or 64 bits.
std::size_t elf_size(std::string_view file) {
  if (file.size() <= EI_CLASS) return 0;
  if (file[EI_CLASS] == ELFCLASS64) return elf_size_by<Elf64_Ehdr>(file);
  return file[EI_CLASS] == ELFCLASS32 ? elf_size_by<Elf32_Ehdr>(file) : 0; // the vDSO for 32-bit programs
}

} // namespace

ElfNeeds elf_needs(std::string_view name, std::string_view content) {
  Handle elf = open_memory(name, content);
  ElfNeeds needs;
  std::size_t segments = 0;
  elf_getphdrnum(elf.get(), &segments);
  for (std::size_t i = 0; i < segments; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(elf.get(), static_cast<int>(i), &header) == nullptr || header.p_type != PT_INTERP) continue;
    if (header.p_offset > content.size() || header.p_filesz > content.size() - header.p_offset)
      throw Error(Blame::infra, "{}: cut off", name);
    std::string_view path = content.substr(header.p_offset, header.p_filesz);
    needs.interpreter = path.substr(0, path.find('\0'));
  }
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf.get(), section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) != nullptr && header.sh_type == SHT_DYNAMIC)
      add_needed(elf.get(), section, header, needs);
  }
  return needs;
}

std::string elf_build_id(const std::filesystem::path& file) {
  UniqueFd fd = open_file(file, O_RDONLY);
  elf_version(EV_CURRENT);
  Handle elf(elf_begin(fd.get(), ELF_C_READ, nullptr));
  if (!elf || elf_kind(elf.get()) != ELF_K_ELF) throw Error(Blame::infra, "{}: not an ELF file", file.string());
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf.get(), section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_NOTE) continue;
    Elf_Data* notes = elf_getdata(section, nullptr);
    if (notes == nullptr) continue;
    if (std::string id = build_id_in(notes); !id.empty()) return id;
  }
  throw Error(Blame::infra, "{}: no build id in its notes", file.string());
}

std::string elf_section(std::string_view name, std::string_view content, std::string_view section) {
  Handle elf = open_memory(name, content);
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf.get(), &names) != 0) return {};
  for (Elf_Scn* at = nullptr; (at = elf_nextscn(elf.get(), at)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(at, &header) == nullptr) continue;
    const char* text = elf_strptr(elf.get(), names, header.sh_name);
    if (text == nullptr || text != section) continue;
    Elf_Data* found = elf_getdata(at, nullptr);
    if (found == nullptr || found->d_buf == nullptr) return {};
    return {static_cast<const char*>(found->d_buf), found->d_size};
  }
  return {};
}

std::string image_build_id(std::string_view image) {
  using namespace std::string_view_literals;
  constexpr auto k_note = "\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0"sv; // name and description sizes, NT_GNU_BUILD_ID, name
  constexpr std::size_t k_id = 20;
  std::string found;
  std::size_t inside = 0; // end of the last ELF file that lies in the image
  for (std::size_t at = 0; at < image.size();) {
    const auto elf = image.find(ELFMAG, at, SELFMAG);
    const auto note = image.find(k_note, at);
    if (note == image.npos) break;
    if (elf < note) {
      inside = std::max(inside, elf + elf_size(image.substr(elf)));
      at = elf + 1;
      continue;
    }
    at = note + 1;
    if (note < inside || note + k_note.size() + k_id > image.size()) continue;
    if (!found.empty()) return {};
    for (unsigned char byte : image.substr(note + k_note.size(), k_id)) found += fmt::format("{:02x}", byte);
  }
  return found;
}

} // namespace kdt::image

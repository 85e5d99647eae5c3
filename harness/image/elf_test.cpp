#include "base/error.hpp"
#include "base/file.hpp"
#include "image/elf.hpp"

#include <elf.h>
#include <gmock/gmock.h>

#include <cstring>

namespace kdt::image {
namespace {

TEST(Elf, ProgramTellsLoaderAndLibraries) {
  auto needs = elf_needs("program", read_file(KDT_TESTDATA "/program"));
  EXPECT_EQ(needs.interpreter, "/lib/ld-kdt.so.1");
  EXPECT_THAT(needs.libraries, testing::ElementsAre("libkdta.so.1"));
}

TEST(Elf, OtherFilesAreRefused) {
  EXPECT_THAT([] { elf_needs("script", "#!/bin/sh\n"); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("script: not an ELF file")));
  EXPECT_THROW(elf_needs("nothing", ""), Error);
  EXPECT_THROW(elf_build_id(KDT_TESTDATA "/README.md"), Error);
}

TEST(Elf, CutOffProgramIsRefusedOrEmpty) {
  const std::string whole = read_file(KDT_TESTDATA "/program");
  for (std::size_t size = 0; size < whole.size(); size += 61) {
    try {
      EXPECT_LE(elf_needs("cut", std::string_view(whole).substr(0, size)).libraries.size(), 1u);
    } catch (const Error&) {
      // as good an answer
    }
  }
}

TEST(Elf, BuildIdIsRead) {
  EXPECT_EQ(elf_build_id(KDT_TESTDATA "/program"), "0123456789abcdef0123456789abcdef01234567");
  EXPECT_THAT([] { elf_build_id(KDT_TESTDATA "/libkdtb.so.1"); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("no build id")));
}

constexpr std::string_view k_note("\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0", 16);

TEST(ImageBuildId, IsTheNoteOutsideOfElfFiles) {
  const std::string vdso = read_file(KDT_TESTDATA "/program"); // it has a build id of its own
  const std::string note = std::string(k_note) + std::string(20, '\x5a');
  EXPECT_EQ(image_build_id("code" + vdso + "more" + note + "end"), "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
  EXPECT_EQ(image_build_id("code" + note + vdso), "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
}

TEST(ImageBuildId, NotesOfA32BitElfFileAreNotTheKernels) {
  Elf32_Ehdr header{};
  std::memcpy(header.e_ident,
              "\x7f"
              "ELF\1\1\1",
              7);
  const std::string note = std::string(k_note) + std::string(20, '\x5a');
  header.e_shoff = static_cast<Elf32_Off>(sizeof header + note.size());
  const std::string vdso = std::string(reinterpret_cast<const char*>(&header), sizeof header) + note;
  EXPECT_EQ(image_build_id("code" + vdso + std::string(k_note) + std::string(20, '\x11')), std::string(40, '1'));
  EXPECT_EQ(image_build_id("code" + vdso), "");
}

TEST(ImageBuildId, IsNotGuessed) {
  const std::string note = std::string(k_note) + std::string(20, '\x5a');
  EXPECT_EQ(image_build_id("code"), "");
  EXPECT_EQ(image_build_id(read_file(KDT_TESTDATA "/program")), "");
  EXPECT_EQ(image_build_id(note + note), "");
  EXPECT_EQ(image_build_id(note.substr(0, 20)), ""); // cut off
}

TEST(ElfSection, IsFoundByName) {
  const std::string module = read_file(KDT_TESTDATA "/modules/kdt_low.ko");
  EXPECT_THAT(elf_section("m", module, ".modinfo"), testing::HasSubstr("license=GPL"));
  EXPECT_EQ(elf_section("m", module, ".nothing"), "");
  EXPECT_THROW(elf_section("m", "no ELF", ".modinfo"), Error);
}

} // namespace
} // namespace kdt::image

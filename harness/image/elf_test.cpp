#include "base/error.hpp"
#include "base/file.hpp"
#include "image/elf.hpp"

#include <gmock/gmock.h>

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

} // namespace
} // namespace kdt::image

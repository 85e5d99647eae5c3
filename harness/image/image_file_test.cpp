#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "image/image_file.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// An Image of a header, a banner, a note, and what the test adds.
std::string tiny_image(char flags = 2, const std::string& more = "") {
  std::string content(64, '\0');
  content[24] = flags;
  content.replace(56, 4, "ARM\x64");
  content += std::string("%s version %s\0Linux version %s\0Linux version 6.1.192-mine (kdt@kdt)\n\0", 70);
  content += std::string("\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0", 16) + std::string(19, '\x11') + '\xab';
  return content + more;
}

class ImageFileTest : public testing::Test {
protected:
  fs::path file(std::string_view content) {
    write_file(place.path() / "Image", content);
    return place.path() / "Image";
  }
  std::string gzip(const std::string& content) {
    write_file(place.path() / "plain", content);
    auto finished = run_program(
        {.argv = {"gzip", "--stdout", (place.path() / "plain").string()}, .output = place.path() / "plain.gz"},
        Deadline::after(std::chrono::minutes(5)));
    EXPECT_TRUE(finished.status.success());
    return read_file(place.path() / "plain.gz");
  }
  TempDir place{"kdt-image-file-test"};
};

TEST_F(ImageFileTest, TellsReleasePageSizeAndBuildId) {
  auto image = examine_image(read_image(file(tiny_image())));
  EXPECT_EQ(image.release, "6.1.192-mine");
  EXPECT_EQ(image.page_size, 4096);
  EXPECT_EQ(image.build_id, "11111111111111111111111111111111111111ab");
  EXPECT_EQ(image.config, "");
  EXPECT_EQ(examine_image(tiny_image(4)).page_size, 16384);
  EXPECT_EQ(examine_image(tiny_image(6)).page_size, 65536);
  EXPECT_EQ(examine_image(tiny_image(0)).page_size, std::nullopt);
}

TEST_F(ImageFileTest, FactsAreOnlyWhatItTells) {
  auto facts = image_facts(examine_image(tiny_image()));
  EXPECT_EQ(facts.at("version"), Value(std::string("6.1")));
  EXPECT_EQ(facts.at("page_size"), Value(std::int64_t{4096}));
  EXPECT_EQ(facts.count("zone_dma"), 0u); // not known is not off
}

TEST_F(ImageFileTest, EmbeddedConfigIsFound) {
  auto config = "IKCFG_ST" + gzip("CONFIG_SMP=y\n") + "IKCFG_ED";
  EXPECT_EQ(examine_image(tiny_image(2, config)).config, "CONFIG_SMP=y\n");
  EXPECT_EQ(examine_image(tiny_image(2, "IKCFG_STbrokenIKCFG_ED")).config, "");
}

TEST_F(ImageFileTest, CompressedImageIsUnpacked) {
  EXPECT_EQ(read_image(file(gzip(tiny_image()))), tiny_image());
}

TEST_F(ImageFileTest, WhatIsNoArm64ImageIsNamed) {
  std::string x86(0x210, '\0');
  x86.replace(0x202, 4, "HdrS");
  EXPECT_THAT([&] { read_image(file(x86)); }, ThrowsMessage<Error>(EndsWith("is no arm64 Image: it is an x86 kernel")));
  EXPECT_THAT(
      [&] {
        read_image(file(std::string("\x7f"
                                    "ELF") +
                        std::string(64, '\0')));
      },
      ThrowsMessage<Error>(HasSubstr("an ELF file; the Image beside vmlinux")));
  EXPECT_THAT([&] { read_image(file(std::string("MZ\0\0zimg", 8) + std::string(64, '\0'))); },
              ThrowsMessage<Error>(HasSubstr("an EFI zboot image")));
  EXPECT_THAT([&] { read_image(file("")); }, ThrowsMessage<Error>(HasSubstr("it is empty, or a gzip file")));
  EXPECT_THAT([&] { read_image(file("\x1f\x8b\x08" + std::string(20, '\0'))); },
              ThrowsMessage<Error>(HasSubstr("or a gzip file that is broken")));
  EXPECT_THAT([&] { read_image(file("hello")); },
              ThrowsMessage<Error>(HasSubstr("it is of a kind that is unknown here")));
  EXPECT_THAT([&] { read_image(file(tiny_image(3))); }, ThrowsMessage<Error>(HasSubstr("is a big-endian kernel")));
}

} // namespace
} // namespace kdt::image

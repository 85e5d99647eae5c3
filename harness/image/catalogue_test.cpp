#include "base/error.hpp"
#include "base/file.hpp"
#include "image/catalogue.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::string_view k_good = R"(sources:
  linux:
    package: linux-source
    archive: /usr/src/linux.tar.xz
    free_space: 3G
kernels:
  small:
    description: a kernel
    source: linux
    fragments: [base]
    steps: 10
    free_space: 1G
)";

class CatalogueTest : public testing::Test {
protected:
  CatalogueTest() {
    make_directories(place.path() / "kconfig");
    write_file(place.path() / "kconfig/base.config", "");
  }
  Catalogue load(std::string_view from, std::string_view to) {
    std::string text(k_good);
    text.replace(text.find(from), from.size(), to);
    write_file(place.path() / "kernels.yaml", text);
    return Catalogue::load(place.path() / "kernels.yaml");
  }
  void expect_refusal(std::string_view from, std::string_view to, const std::string& complaint) {
    EXPECT_THAT([&] { load(from, to); }, ThrowsMessage<Error>(HasSubstr("kernels.yaml:" + complaint)));
  }
  TempDir place{"kdt-catalogue-test"};
};

TEST_F(CatalogueTest, ReadsAKernel) {
  auto catalogue = load("10", "12");
  const KernelSpec& kernel = catalogue.kernel("small");
  const auto& from = std::get<PackagedSource>(kernel.from);
  EXPECT_EQ(from.source.package, "linux-source");
  EXPECT_EQ(from.source.free_space, ByteSize::gib(3));
  EXPECT_THAT(from.fragments, testing::ElementsAre("base"));
  EXPECT_EQ(from.steps, 12u);
  EXPECT_EQ(kernel.least_memory, std::nullopt);
  auto measured = load("free_space: 1G", "free_space: 1G\n    least_memory: 96M");
  EXPECT_EQ(measured.kernel("small").least_memory, ByteSize::mib(96));
}

TEST_F(CatalogueTest, UnknownKernelNamesTheNearest) {
  auto catalogue = load("10", "10");
  EXPECT_THAT([&] { catalogue.kernel("smal"); },
              ThrowsMessage<Error>(EndsWith("no kernel 'smal' (did you mean 'small'?)")));
}

TEST_F(CatalogueTest, EveryMistakeHasItsPlace) {
  expect_refusal("source: linux", "source: linus", "9:13: no source 'linus' (did you mean 'linux'?)");
  expect_refusal("[base]", "[base, bse]", "10:23: no fragment 'bse' in kconfig/ (did you mean 'base'?)");
  expect_refusal("[base]", "[]", "10:16: 'fragments' is empty");
  expect_refusal("steps: 10", "steps: ten", "11:12: 'ten' is not a positive number");
  expect_refusal("steps: 10", "steps: 0", "11:12: '0' is not a positive number");
  expect_refusal("free_space: 1G", "free_space: 1X", "12:17: '1X' is not a size");
  expect_refusal("small:", "../small:", "7:3: '../small' is not a name");
  expect_refusal("steps: 10", "stepz: 10", "11:5: kernel 'small' has no key 'stepz' (did you mean 'steps'?)");
  expect_refusal("    description: a kernel\n", "", "8:5: 'description' is missing");
}

TEST_F(CatalogueTest, MissingFileIsNamed) {
  EXPECT_THAT([&] { Catalogue::load(place.path() / "none.yaml"); }, ThrowsMessage<Error>(HasSubstr("none.yaml")));
}

TEST(RealCatalogue, HoldsTheKernelsOfTheSmokeMatrix) {
  auto catalogue = Catalogue::load(KDT_SOURCE_DIR "/images/kernels.yaml");
  EXPECT_THAT(catalogue.names(), testing::IsSupersetOf(std::vector<std::string>{"v6.1-dma", "v6.1-nodma"}));
}

TEST(RealUserspace, HoldsTheToolsThatTheAgentRuns) {
  auto spec = UserspaceSpec::load(KDT_SOURCE_DIR "/images/userspace.yaml");
  EXPECT_THAT(spec.programs, testing::IsSupersetOf(std::vector<fs::path>{"sbin/kexec", "bin/makedumpfile"}));
}

TEST(Userspace, UnknownKeyIsRefused) {
  TempDir place("kdt-userspace-test");
  write_file(place.path() / "u.yaml", "suite: x\npackages: [a]\nprogram: [b]\n");
  EXPECT_THAT([&] { UserspaceSpec::load(place.path() / "u.yaml"); },
              ThrowsMessage<Error>(HasSubstr("u.yaml:3:1: the file has no key 'program' (did you mean 'programs'?)")));
}

constexpr std::string_view k_packaged = R"(suites:
  sid: {stale: yes}
apt_sources: [/etc/apt/sources.list]
kernels:
  stock:
    description: a kernel
    suite: sid
    packages: [linux-image-arm64]
    modules: [virtio_blk]
    version: "7.2"
    page_size: 16K
    free_space: 1G
)";

TEST_F(CatalogueTest, ReadsAPackagedKernel) {
  auto catalogue = load("kernels:\n", k_packaged);
  const auto& from = std::get<PackagedKernel>(catalogue.kernel("stock").from);
  EXPECT_EQ(from.suite.name, "sid");
  EXPECT_TRUE(from.suite.stale);
  EXPECT_FALSE(from.suite.main_only);
  EXPECT_THAT(from.apt_sources, testing::ElementsAre("/etc/apt/sources.list"));
  EXPECT_EQ(from.expected.at("version"), Value(std::string("7.2")));
  EXPECT_EQ(from.expected.at("page_size"), Value(std::int64_t{16384}));
}

TEST_F(CatalogueTest, SourceMayComeFromAnotherRelease) {
  auto catalogue = load("    free_space: 3G\n", "    free_space: 3G\n    suite: next\n");
  EXPECT_EQ(std::get<PackagedSource>(catalogue.kernel("small").from).source.suite->name, "next");
  EXPECT_FALSE(std::get<PackagedSource>(load("10", "11").kernel("small").from).source.suite.has_value());
}

TEST_F(CatalogueTest, MistakesInPackagedKernelsAreRefusedWithTheirPlace) {
  auto with = [](std::string_view from, std::string_view to) {
    std::string text(k_packaged);
    return text.replace(text.find(from), from.size(), to);
  };
  expect_refusal("kernels:\n", with("[linux-image-arm64]", "[]"), "11:5: 'packages' names no package");
  expect_refusal("kernels:\n", with("stale: yes", "stale: maybe"), "7:16: 'stale' is yes or no, not 'maybe'");
  expect_refusal("kernels:\n", with("page_size: 16K", "page_size: huge"), "16:16: 'huge' is not a size");
  expect_refusal("kernels:\n", with("    suite: sid\n", ""), "11:5: 'suite' is missing");
}

} // namespace
} // namespace kdt::image

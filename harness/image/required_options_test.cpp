#include "base/error.hpp"
#include "base/file.hpp"
#include "image/kconfig.hpp"
#include "image/kernel_builder.hpp"
#include "image/required_options.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::HasSubstr;
using testing::StrEq;
using testing::ThrowsMessage;

const Requirements k_required{.oldest = "5.10",
                              .oldest_because = "a reason",
                              .options = {{{"CONFIG_VIRTIO_PCI"}, "devices", "virtio_pci"},
                                          {{"CONFIG_KEXEC", "CONFIG_KEXEC_FILE"}, "loading"},
                                          {{"CONFIG_TMPFS"}, "files"}}};

void require_in(const std::string& config, bool with_modules = false) {
  require_options("kernel x", parse_config(config + "CONFIG_TMPFS=y\n"), k_required, with_modules);
}

TEST(RequiredOptions, OneOfSeveralIsEnough) {
  EXPECT_NO_THROW(require_in("CONFIG_VIRTIO_PCI=y\nCONFIG_KEXEC_FILE=y\n"));
  EXPECT_THAT(
      [] { require_in("CONFIG_VIRTIO_PCI=y\n"); },
      ThrowsMessage<Error>(StrEq("kernel x cannot be tested: in its .config CONFIG_KEXEC and CONFIG_KEXEC_FILE is "
                                 "off (loading)")));
}

TEST(RequiredOptions, AModuleWillDoWhereItCanBeLoaded) {
  EXPECT_THAT(
      [] { require_in("CONFIG_VIRTIO_PCI=m\nCONFIG_KEXEC=y\n"); },
      ThrowsMessage<Error>(HasSubstr("CONFIG_VIRTIO_PCI is a module, and no modules= says where it is (devices)")));
  EXPECT_NO_THROW(require_in("CONFIG_VIRTIO_PCI=m\nCONFIG_KEXEC=y\n", true));
  EXPECT_THAT(
      [] { require_in("CONFIG_VIRTIO_PCI=y\nCONFIG_KEXEC=m\n", true); },
      ThrowsMessage<Error>(HasSubstr("CONFIG_KEXEC and CONFIG_KEXEC_FILE is a module, not built in (loading)")));
}

TEST(RequiredOptions, WhatIsNotBuiltInIsLoaded) {
  EXPECT_THAT(needed_modules(parse_config("CONFIG_VIRTIO_PCI=m\nCONFIG_KEXEC=m\n"), k_required),
              testing::ElementsAre("virtio_pci"));
  EXPECT_THAT(needed_modules(parse_config("CONFIG_VIRTIO_PCI=y\n"), k_required), testing::IsEmpty());
}

TEST(RequiredVersion, AnOlderKernelIsRefusedWithTheReason) {
  EXPECT_NO_THROW(require_version("kernel x", "5.10.223-1-arm64", k_required));
  EXPECT_NO_THROW(require_version("kernel x", "6.1.0", k_required));
  EXPECT_NO_THROW(require_version("kernel x", "4.4.0", Requirements{}));
  EXPECT_THAT(
      [] { require_version("kernel x", "5.9.16-mine", k_required); },
      ThrowsMessage<Error>(StrEq("kernel x cannot be tested: it is Linux 5.9.16-mine, older than 5.10 (a reason)")));
}

TEST(RequiredOptions, OurFragmentsHaveThemAll) {
  auto options =
      merged_options("x", {"base", "virtio", "kdump", "debug", "triggers"}, KDT_SOURCE_DIR "/images/kconfig");
  EXPECT_NO_THROW(require_options("x", parse_config(allconfig_text(options)),
                                  load_requirements(KDT_SOURCE_DIR "/images/required-options.yaml")));
}

TEST(RequiredOptions, MistakesHaveTheirPlace) {
  TempDir place("kdt-required-test");
  write_file(place.path() / "r.yaml", "options:\n  - {anyof: [A], because: b}\n");
  EXPECT_THAT([&] { load_requirements(place.path() / "r.yaml"); },
              ThrowsMessage<Error>(HasSubstr("r.yaml:2:6: an option has no key 'anyof' (did you mean 'any_of'?)")));
}

} // namespace
} // namespace kdt::image

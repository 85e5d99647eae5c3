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

const std::vector<RequiredOption> k_required{{{"CONFIG_VIRTIO_PCI"}, "devices"},
                                             {{"CONFIG_KEXEC", "CONFIG_KEXEC_FILE"}, "loading"}};

void require_in(const std::string& config) {
  require_options("kernel x", parse_config(config), k_required);
}

TEST(RequiredOptions, OneOfSeveralIsEnough) {
  EXPECT_NO_THROW(require_in("CONFIG_VIRTIO_PCI=y\nCONFIG_KEXEC_FILE=y\n"));
  EXPECT_THAT(
      [] { require_in("CONFIG_VIRTIO_PCI=y\n"); },
      ThrowsMessage<Error>(StrEq("kernel x cannot be tested: in its .config CONFIG_KEXEC and CONFIG_KEXEC_FILE is "
                                 "off (loading)")));
}

TEST(RequiredOptions, AModuleIsNotEnough) {
  EXPECT_THAT([] { require_in("CONFIG_VIRTIO_PCI=m\nCONFIG_KEXEC=y\n"); },
              ThrowsMessage<Error>(HasSubstr("CONFIG_VIRTIO_PCI is a module, not built in (devices)")));
}

TEST(RequiredOptions, OurFragmentsHaveThemAll) {
  auto options =
      merged_options("x", {"base", "virtio", "kdump", "debug", "triggers"}, KDT_SOURCE_DIR "/images/kconfig");
  EXPECT_NO_THROW(require_options("x", parse_config(allconfig_text(options)),
                                  load_required_options(KDT_SOURCE_DIR "/images/required-options.yaml")));
}

TEST(RequiredOptions, MistakesHaveTheirPlace) {
  TempDir place("kdt-required-test");
  write_file(place.path() / "r.yaml", "options:\n  - {anyof: [A], because: b}\n");
  EXPECT_THAT([&] { load_required_options(place.path() / "r.yaml"); },
              ThrowsMessage<Error>(HasSubstr("r.yaml:2:6: an option has no key 'anyof' (did you mean 'any_of'?)")));
}

} // namespace
} // namespace kdt::image

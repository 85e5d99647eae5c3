#include "base/error.hpp"
#include "image/tools.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

const Need k_there{"sh", "dash"};
const Need k_absent{"kdt-no-such-program", "no-such-package"};
const Need k_absent_file{"/no/such/file", "no-such-package"};

TEST(Needs, OnlyTheAbsentAreMissing) {
  auto absent = missing({k_there, k_absent, {"/", "base-files"}, k_absent_file});
  ASSERT_EQ(absent.size(), 2u);
  EXPECT_EQ(absent[0].what, "kdt-no-such-program");
  EXPECT_EQ(absent[1].what, "/no/such/file");
}

TEST(Needs, ErrorNamesEachPackageOnce) {
  EXPECT_NO_THROW(require({k_there}, "it"));
  EXPECT_THAT(
      [] {
        require({k_absent, k_absent_file}, "kernel a");
      },
      ThrowsMessage<Error>(testing::StrEq("kernel a needs kdt-no-such-program, /no/such/file: run 'apt-get "
                                          "install no-such-package'")));
}

TEST(Versions, FailureIsAnError) {
  EXPECT_THROW(program_version("kdt-no-such-program"), Error);
  EXPECT_THROW(program_version("false"), Error);
  EXPECT_THAT(program_version("ls"), HasSubstr("ls"));
}

} // namespace
} // namespace kdt::image

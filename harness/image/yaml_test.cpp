#include "base/file.hpp"
#include "image/yaml.hpp"

#include <gmock/gmock.h>

namespace kdt::image {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::ThrowsMessage;

class YamlTest : public testing::Test {
protected:
  TempDir place{"kdt-yaml-test"};
  YamlFile open(std::string_view text) {
    write_file(place.path() / "x.yaml", text);
    return YamlFile(place.path() / "x.yaml");
  }
};

TEST_F(YamlTest, SyntaxErrorHasItsPlace) {
  EXPECT_THAT([&] { open("a: 1\nb: [1, 2\n"); }, ThrowsMessage<Error>(HasSubstr("x.yaml:3:1: ")));
}

TEST_F(YamlTest, UnknownKeyHasItsPlaceAndTheNearestName) {
  auto file = open("suite: x\npackagse: []\n");
  EXPECT_THAT(
      [&] {
        file.expect_keys(file.root(), "the file", {"suite", "packages"});
      },
      ThrowsMessage<Error>(HasSubstr("x.yaml:2:1: the file has no key 'packagse' (did you mean 'packages'?)")));
}

TEST_F(YamlTest, RepeatedKeyIsRefused) {
  auto file = open("a: 1\na: 2\n");
  EXPECT_THAT([&] { file.expect_keys(file.root(), "the file", {"a"}); },
              ThrowsMessage<Error>(HasSubstr("x.yaml:2:1: 'a' is given twice")));
}

TEST_F(YamlTest, MissingOrMisshapenValueIsRefused) {
  auto file = open("a: [1]\nb: {c: 1}\nd: [[1]]\n");
  EXPECT_THAT([&] { file.text(file.root(), "z"); }, ThrowsMessage<Error>(EndsWith("'z' is missing")));
  EXPECT_THAT([&] { file.text(file.root(), "a"); },
              ThrowsMessage<Error>(HasSubstr("x.yaml:1:4: 'a' must be one value")));
  EXPECT_THAT([&] { file.texts(file.root(), "b"); }, ThrowsMessage<Error>(EndsWith("'b' must be a list")));
  EXPECT_THAT([&] { file.texts(file.root(), "d"); }, ThrowsMessage<Error>(HasSubstr("plain values")));
  EXPECT_THAT([&] { file.expect_keys(file.root()["a"], "a", {}); },
              ThrowsMessage<Error>(HasSubstr("must be a mapping")));
}

} // namespace
} // namespace kdt::image

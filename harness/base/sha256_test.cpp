#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"

#include <gtest/gtest.h>

namespace kdt {

TEST(Sha256, MatchesTheStandardsExample) { // FIPS 180-4, "abc"
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, InBase64IsTheSameDigest) {
  EXPECT_EQ(sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

TEST(Sha256, FieldsCannotRunIntoEachOther) {
  Sha256 one;
  one.add_field("ab");
  one.add_field("c");
  Sha256 two;
  two.add_field("a");
  two.add_field("bc");
  EXPECT_NE(one.hex(), two.hex());
}

TEST(Sha256File, IsThatOfItsContentAndFailsWithoutOne) {
  TempDir directory("kdt-test");
  write_file(directory.path() / "f", "abc");
  EXPECT_EQ(sha256_file(directory.path() / "f"), sha256("abc"));
  EXPECT_THROW(sha256_file(directory.path() / "g"), Error);
}

} // namespace kdt

#include "matrix/matcher.hpp"

#include <gmock/gmock.h>

namespace kdt::matrix {

namespace {
std::string complaint(const std::string& name, const std::string& yaml) {
  auto file = YamlFile::parse("f", "m: " + yaml + "\n");
  try {
    Matcher::parse(file, *file.root().find("m"), *find_name(name));
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("f:1:"));
    return error.what();
  }
  return "";
}
} // namespace

TEST(MatcherReader, RefusesWhatCouldNeverMatch) {
  using testing::HasSubstr;
  EXPECT_THAT(complaint("probe.segments", "fault"), HasSubstr("is never 'fault' (did you mean 'faults'?)"));
  EXPECT_THAT(complaint("zone_dma", "maybe"), HasSubstr("neither true nor false"));
  EXPECT_THAT(complaint("version", "new"), HasSubstr("not a version"));
  EXPECT_THAT(complaint("version", "\"<new\""), HasSubstr("not a version"));
  EXPECT_THAT(complaint("memory", "1X"), HasSubstr("not an expression"));
  EXPECT_THAT(complaint("memory", "ram_edn"), HasSubstr("unknown name 'ram_edn' (did you mean 'ram_end'?)"));
  EXPECT_THAT(complaint("memory", "rodata"), HasSubstr("'rodata' is not a number"));
  EXPECT_THAT(complaint("memory", "\"<\""), HasSubstr("lacks what to compare with"));
  EXPECT_THAT(complaint("memory", "\"=2\""), HasSubstr("unknown operator"));
  EXPECT_THAT(complaint("rodata", "\"<on\""), HasSubstr("only == and !="));
  EXPECT_THAT(complaint("reservation.start", "\"[1, 2\""), HasSubstr("not a window"));
  EXPECT_THAT(complaint("reservation.dmesg", "{matches: \"(\"}"), HasSubstr("not a regular expression"));
  EXPECT_THAT(complaint("reservation.dmesg", "{contains: \"{nobody}\"}"), HasSubstr("unknown name 'nobody'"));
  EXPECT_THAT(complaint("reservation.dmesg", "{contains: \"{memory:q}\"}"), HasSubstr("unknown format 'q'"));
  EXPECT_THAT(complaint("reservation.dmesg", "{contains: \"\"}"), HasSubstr("would match anything"));
  EXPECT_THAT(complaint("reservation.dmesg", "text"), HasSubstr("a list wants"));
  EXPECT_THAT(complaint("memory", "{contains: x}"), HasSubstr("for texts and lists"));
  EXPECT_THAT(complaint("memory", "{ranges: []}"), HasSubstr("not a list of ranges"));
  EXPECT_THAT(complaint("load.seconds", "soon"), HasSubstr("not a number of seconds"));
  EXPECT_THAT(complaint("memory", "[]"), HasSubstr("the list is empty"));
  EXPECT_THAT(complaint("memory", "{}"), HasSubstr("exactly one key"));
  EXPECT_THAT(complaint("memory", ""), HasSubstr("has no value"));
  EXPECT_THAT(complaint("memory", "multiple of 0"), HasSubstr("nothing is a multiple of 0"));
  EXPECT_EQ(complaint("memory", "multiple of page_size"), "");
}

} // namespace kdt::matrix

#include "base/file.hpp"
#include "matrix/yaml_file.hpp"

#include <gmock/gmock.h>

namespace kdt::matrix {

namespace {
std::string complaint(const std::string& text) {
  try {
    YamlFile::parse("f.yaml", text);
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage);
    return error.what();
  }
  return "";
}
} // namespace

TEST(YamlFile, KeepsScalarsAsWrittenAndKnowsTheirPlace) {
  auto file = YamlFile::parse("f.yaml", "a: on\nb: [6.10, 'x y']\n");
  ASSERT_NE(file.root().find("b"), nullptr);
  EXPECT_EQ(file.root().find("a")->text, "on");
  const auto& item = file.root().find("b")->items[1];
  EXPECT_EQ(file.root().find("b")->items[0].text, "6.10");
  EXPECT_EQ(file.place(item), "f.yaml:2:11");
  EXPECT_TRUE(item.quoted);
  EXPECT_EQ(file.root().find("c"), nullptr);
}

TEST(YamlFile, RefusesWhatYamlCppLetsThrough) {
  EXPECT_EQ(complaint("a: 1\nb: {c: 1, c: 2}\n"), "f.yaml:2:11: 'c' is given twice");
  EXPECT_THAT(complaint("a: &x [1]\nb: *x\n"), testing::HasSubstr("anchors (&name) are not accepted"));
  EXPECT_EQ(complaint("a: !!binary aGk=\n"), "f.yaml:1:4: tags (tag:yaml.org,2002:binary) are not accepted");
  EXPECT_EQ(complaint("a: 1\n---\nb: 2\n"), "f.yaml:3:1: a second YAML document begins; one file holds one");
  EXPECT_EQ(complaint("[a, b]: 1\n"), "f.yaml:1:1: a key must be one word");
}

TEST(YamlFile, PlacesSyntaxErrors) {
  EXPECT_THAT(complaint("a: [1\nb: 2\n"), testing::StartsWith("f.yaml:2:2: YAML syntax: "));
  EXPECT_EQ(complaint("a: 'x\nb: 1\n"), "f.yaml:1:4: YAML syntax: this quote is never closed");
  EXPECT_EQ(complaint("\xef\xbb\xbf"
                      "a: \"x\\\"\n"),
            "f.yaml:1:4: YAML syntax: this quote is never closed");
  EXPECT_EQ(complaint("\xef\xbb\xbf"
                      "a: ['it''s', \"\\\"\", '']\n"),
            "");
}

TEST(YamlFile, RefusesBytesThatAreNotText) {
  EXPECT_EQ(complaint("a: 1\nb: \xff\n"), "f.yaml:2:4: not UTF-8 text, or a control character");
  EXPECT_EQ(complaint(std::string("a: \0b", 5)), "f.yaml:1:4: not UTF-8 text, or a control character");
  EXPECT_EQ(complaint("a: 1\r\nb: \xc3\xa4\r\n"), "");
}

TEST(YamlFile, SurvivesDeepNesting) {
  EXPECT_THAT(complaint(std::string(100'000, '[')), testing::HasSubstr("f.yaml:1:"));
  EXPECT_THAT(complaint(std::string(100'000, '{')), testing::HasSubstr("f.yaml:1:"));
}

TEST(YamlFile, RefusesAMissingFileADirectoryAndAHugeFile) {
  TempDir directory("kdt-yaml");
  auto load = [](const fs::path& path) -> std::string {
    try {
      YamlFile::load(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(load(directory.path() / "none.yaml"), testing::HasSubstr("cannot be read: No such file or directory"));
  EXPECT_THAT(load(directory.path()), testing::HasSubstr("a directory"));
  write_file(directory.path() / "big.yaml", std::string(5 << 20, '#'));
  EXPECT_THAT(load(directory.path() / "big.yaml"), testing::HasSubstr("larger than 4 MiB"));
  write_file(directory.path() / "ok.yaml", "a: 1\n");
  EXPECT_EQ(load(directory.path() / "ok.yaml"), "");
}

} // namespace kdt::matrix

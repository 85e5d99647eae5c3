#include "base/process.hpp"
#include "report/junit.hpp"
#include "report/sample_run.hpp"
#include "testing/golden.hpp"

#include <gtest/gtest.h>
#include <pugixml.hpp>

namespace kdt::report {
namespace {

const fs::path k_testdata{KDT_TESTDATA};

RunResult hostile_run() {
  auto run = sample_run();
  run.matrix = "a&b/<smoke>\x1b.yaml";
  run.cells = {hostile_cell()};
  return run;
}

pugi::xml_document parsed(const std::string& xml) {
  pugi::xml_document document;
  EXPECT_TRUE(document.load_buffer(xml.data(), xml.size(), pugi::parse_full));
  return document;
}

pugi::xml_node testcase(const pugi::xml_document& document, const char* name) {
  return document.child("testsuites").child("testsuite").find_child_by_attribute("testcase", "name", name);
}

TEST(Junit, LooksLikeItsGoldenFile) {
  kdt::testing::expect_golden(junit(sample_run()), k_testdata / "junit.xml");
}

TEST(Junit, AHostileCellLooksLikeItsGoldenFile) {
  kdt::testing::expect_golden(junit(hostile_run()), k_testdata / "hostile.xml");
}

TEST(Junit, EveryVerdictBecomesWhatCiSystemsKnow) {
  auto document = parsed(junit(sample_run()));
  EXPECT_FALSE(testcase(document, "kernel=v6.1-dma/rodata=full").child("failure"));
  EXPECT_STREQ(testcase(document, "kernel=v6.1-dma/rodata=on").child("failure").attribute("type").value(),
               "capture-timeout");
  EXPECT_STREQ(testcase(document, "kernel=v6.1-dma/rodata=off").child("skipped").attribute("message").value(),
               "xfail: no-kallsyms-all: the dump tool ended with exit status 1");
  EXPECT_STREQ(testcase(document, "kernel=v6.1-nodma/rodata=full").child("failure").attribute("type").value(), "xpass");
  EXPECT_STREQ(testcase(document, "kernel=v6.1-nodma/rodata=on").child("error").attribute("type").value(),
               "guest-lost");
  EXPECT_TRUE(testcase(document, "kernel=v6.1-nodma/rodata=off").child("skipped"));
}

TEST(Junit, SaysWhichCellWasForkedAndWhichBootedInstead) {
  auto run = sample_run();
  run.cells[0].fork = Fork{.of = "probe-1a2b", .after = Phase::probe};
  run.cells[1].not_forked = "template probe-1a2b: QEMU refused migrate";
  auto document = parsed(junit(run));
  auto output = [&](std::size_t i) {
    return std::string(testcase(document, run.cells[i].cell.id.c_str()).child_value("system-out"));
  };
  EXPECT_NE(output(0).find("fork of probe-1a2b\n"), std::string::npos) << output(0);
  EXPECT_NE(output(1).find("booted instead of forked: template probe-1a2b: QEMU refused migrate\n"), std::string::npos);
  EXPECT_EQ(output(2).find("fork"), std::string::npos) << output(2);
}

TEST(Junit, TheCountsAreThoseOfTheTestcases) {
  auto document = parsed(junit(sample_run()));
  for (auto node : {document.child("testsuites"), document.child("testsuites").child("testsuite")}) {
    EXPECT_EQ(node.attribute("tests").as_int(), 6);
    EXPECT_EQ(node.attribute("failures").as_int(), 2);
    EXPECT_EQ(node.attribute("errors").as_int(), 1);
  }
  EXPECT_EQ(document.child("testsuites").child("testsuite").attribute("skipped").as_int(), 2);
}

TEST(Junit, HasNothingThatTheStrictestReaderRefuses) {
  auto document = parsed(junit(sample_run()));
  EXPECT_FALSE(document.child("testsuites").attribute("skipped"));
  EXPECT_TRUE(document.select_nodes("//testcase/properties").empty());
  EXPECT_FALSE(document.select_nodes("//testsuite/properties").empty());
}

TEST(Junit, HasNoCharacterThatXmlForbids) {
  auto xml = junit(hostile_run());
  for (char c : xml)
    EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') << static_cast<int>(c);
  EXPECT_EQ(xml.find("\xef\xbf\xbf"), std::string::npos);
  EXPECT_EQ(xml.find("\xef\xbf\xbe"), std::string::npos);
  for (int code = 0; code < 0x20; ++code) {
    if (code == '\t' || code == '\n' || code == '\r') continue;
    EXPECT_EQ(xml.find(fmt::format("&#{};", code)), std::string::npos) << code;
    EXPECT_EQ(xml.find(fmt::format("&#{:02};", code)), std::string::npos) << code;
  }
}

TEST(Junit, AHostileIdComesBackAsItWas) {
  auto document = parsed(junit(hostile_run()));
  auto node = document.child("testsuites").child("testsuite").child("testcase");
  EXPECT_EQ(node.attribute("name").value(), hostile_cell().cell.id);
}

/// xmllint's verdict on a document against our own XSD of what CI systems read.
Finished xmllint(const std::string& xml) {
  TempDir directory("kdt-junit");
  auto file = directory.path() / "junit.xml";
  write_file(file, xml);
  return run_program(
      {.argv = {"xmllint", "--noout", "--nonet", "--schema", (k_testdata / "junit.xsd").string(), file.string()}},
      Deadline::after(std::chrono::seconds(30)));
}

TEST(Junit, IsValidByItsXsd) {
  if (!find_program("xmllint")) GTEST_SKIP() << "xmllint is not installed (package libxml2-utils)";
  for (const auto& run : {sample_run(), hostile_run()}) {
    auto finished = xmllint(junit(run));
    EXPECT_TRUE(finished.status.success()) << finished.err;
  }
}

TEST(Junit, TheXsdRefusesWhatIsNotJunit) {
  if (!find_program("xmllint")) GTEST_SKIP() << "xmllint is not installed (package libxml2-utils)";
  auto good = junit(sample_run());
  auto replaced = [&](std::string_view from, std::string_view to) {
    auto bad = good;
    auto at = bad.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return bad.replace(at, from.size(), to);
  };
  EXPECT_FALSE(xmllint(replaced("tests=\"6\"", "tests=\"six\"")).status.success());
  EXPECT_FALSE(xmllint(replaced("<failure ", "<failed ")).status.success());
  EXPECT_FALSE(xmllint(replaced("classname=", "class=")).status.success());
  EXPECT_FALSE(xmllint(replaced("again:", "\x1b[31m")).status.success());
}

TEST(Junit, AFileThatCannotBeWrittenIsAnError) {
  TempDir directory("kdt-junit");
  EXPECT_THROW(write_junit(sample_run(), directory.path() / "no/such/junit.xml"), Error);
}

} // namespace
} // namespace kdt::report

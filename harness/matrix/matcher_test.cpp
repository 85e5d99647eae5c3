#include "matrix/matcher.hpp"

#include <gtest/gtest.h>

namespace kdt::matrix {

namespace {
const Facts k_facts{
    {"version", std::string("6.1.192")}, {"memory", std::int64_t{2} << 30},      {"zone_dma", true},
    {"rodata", std::string("on")},       {"ram_base", std::int64_t{0x40000000}}, {"ram_end", std::int64_t{0xc0000000}},
    {"linear_map", std::string("pages")}};
const Facts k_observed{
    {"reservation.start", std::int64_t{0xb0000000}},
    {"reservation.end", std::int64_t{0xc0000000}},
    {"reservation.size", std::int64_t{0x10000000}},
    {"map.all", std::string("pages")},
    {"load.seconds", 1.5},
    {"reservation.low.present", false},
    {"reservation.dmesg",
     std::vector<std::string>{"one", "crashkernel reserved: 0x00000000b0000000 - 0x00000000c0000000 (256 MB)"}},
    {"capture.system_ram", std::vector<std::string>{"0xb0000000-0xb8000000", "0xb8000000-0xc0000000"}}};

Matcher matcher(const std::string& name, const std::string& yaml) {
  auto file = YamlFile::parse("f", "m: " + yaml + "\n");
  return Matcher::parse(file, *file.root().find("m"), *find_name(name));
}

Answer matches(const std::string& name, const std::string& yaml) {
  return matcher(name, yaml).matches(View{k_facts, &k_observed});
}

struct Case {
  const char* name;
  const char* passes;
  const char* fails;
};
} // namespace

TEST(Matcher, EachFormCanPassAndFail) {
  for (const auto& [name, passes, fails] : std::vector<Case>{
           {"rodata", "on", "off"},
           {"rodata", "[off, on]", "[off, full]"},
           {"rodata", "\"!=full\"", "\"!=on\""},
           {"rodata", "{not: off}", "{not: on}"},
           {"rodata", "{is: on}", "{is: \"{on}\"}"},
           {"rodata", "{matches: \"^o[nf]\"}", "{matches: \"^f\"}"},
           {"zone_dma", "on", "no"},
           {"zone_dma", "\"==true\"", "\"!=true\""},
           {"version", "6.1", "6.12"},
           {"version", "\"<6.4\"", "\"<6.1\""},
           {"version", "\">=6.1 <6.2\"", "\">=6.2 <6.5\""},
           {"version", "\"==6.1\"", "\"!=6.1\""},
           {"memory", "2048M", "2G + 1"},
           {"memory", "\">1G\"", "\">2G\""},
           {"memory", "\"<= ram_end\"", "\"<= ram_base\""},
           {"reservation.start", "\"[ram_base, ram_end)\"", "\"[ram_base, 0xb0000000)\""},
           {"reservation.end", "\"[ram_base, ram_end]\"", "\"[ram_base, ram_end)\""},
           {"reservation.end", "reservation.start + reservation.size", "ram_end - 1"},
           {"reservation.start", "\"[min(ram_base, 1G), max(1, ram_end))\"", "\"[roundup(ram_end, 1G), ram_end)\""},
           {"reservation.start", "multiple of 2M", "multiple of 3"},
           {"reservation.start", "present", "absent"},
           {"reservation.low.start", "absent", "present"},
           {"reservation.low.present", "false", "true"},
           {"reservation.dmesg",
            "{contains: \"0x{reservation.start:016x} - 0x{reservation.end:016x} ({reservation.size:MB} MB)\"}",
            "{contains: two}"},
           {"reservation.dmesg", "{matches: \"^one$\"}", "{matches: \"^one two$\"}"},
           {"reservation.dmesg", "{not: empty}", "empty"},
           {"capture.system_ram", "{ranges: [\"[reservation.start, reservation.end)\"]}",
            "{ranges: [\"[reservation.start, reservation.end]\"]}"},
           {"capture.system_ram", "{not: {ranges: []}}", "{ranges: []}"},
           {"capture.system_ram", // the second range is empty
            "{ranges: [\"[reservation.start, reservation.end)\", \"[ram_base, ram_base)\"]}",
            "{ranges: [\"[reservation.start, reservation.end)\", \"[ram_base, ram_base]\"]}"},
           {"map.all", "\"{linear_map}\"", "blocks"},
           {"load.seconds", "\"< 2\"", "\"> 1.5\""},
           {"load.seconds", "1.5", "1.6"},
           {"memory", "{all: [\">1G\", \"<3G\"]}", "{all: [\">1G\", \"<2G\"]}"},
       }) {
    EXPECT_EQ(matches(name, passes), Answer::yes) << name << ": " << passes;
    EXPECT_EQ(matches(name, fails), Answer::no) << name << ": " << fails;
  }
}

TEST(Matcher, IsUnknownWhileSomethingIsMissing) {
  EXPECT_EQ(matches("reservation.low.start", "multiple of 2M"), Answer::unknown);
  EXPECT_EQ(matches("reservation.start", "\"[0, dma_limit)\""), Answer::unknown);
  EXPECT_EQ(matches("map.all", "\"{region_map}\""), Answer::unknown);
  EXPECT_EQ(matches("reservation.start", "[0xb0000000, dma_limit]"), Answer::yes); // one of a list decides
  View before{k_facts};
  EXPECT_EQ(matcher("reservation.start", "present").matches(before), Answer::unknown);
  EXPECT_EQ(matcher("reservation.start", "absent").matches(before), Answer::unknown);
  EXPECT_EQ(matcher("dma_limit", "absent").matches(before), Answer::yes);
}

TEST(Matcher, AWrongTypeDoesNotMatch) {
  Facts odd{{"reservation.size", std::string("big")},
            {"capture.system_ram", std::vector<std::string>{"x"}},
            {"load.seconds", std::string("x")}};
  View view{k_facts, &odd};
  EXPECT_EQ(matcher("reservation.size", "256M").matches(view), Answer::no);
  EXPECT_EQ(matcher("reservation.size", "\"> 1\"").matches(view), Answer::no);
  EXPECT_EQ(matcher("capture.system_ram", "{ranges: []}").matches(view), Answer::no);
  EXPECT_EQ(matcher("load.seconds", "\"< 1\"").matches(view), Answer::no);
}

TEST(Matcher, ExplainsWhatItsNamesCameTo) {
  View view{k_facts, &k_observed};
  EXPECT_EQ(matcher("reservation.start", "\"[ram_base, ram_end)\"").explain(view),
            "[ram_base, ram_end) = [0x40000000, 0xc0000000)");
  EXPECT_EQ(matcher("map.all", "\"{linear_map}\"").explain(view), "{linear_map} = pages");
  EXPECT_EQ(matcher("map.all", "[pages, blocks]").explain(view), "pages or blocks");
  EXPECT_EQ(matcher("capture.system_ram", "{ranges: [\"[reservation.start, reservation.end)\"]}").explain(view),
            "[reservation.start, reservation.end) = 0xb0000000-0xc0000000");
}

TEST(CompareVersions, ComparesNumbersNotText) {
  EXPECT_LT(compare_versions("6.9", "6.10"), 0);
  EXPECT_EQ(compare_versions("6.1", "6.1.0-rc1"), 0);
  EXPECT_GT(compare_versions("7.2.13-1-arm64", "7.2"), 0);
}

} // namespace kdt::matrix

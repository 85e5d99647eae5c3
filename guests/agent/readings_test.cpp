#include "readings.hpp"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace kdt::agent {

namespace {

using protocol::ShapeError;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

} // namespace

TEST(ReadIomem, KeepsWhatMattersToKdumpWithItsDepth) {
  const auto ranges = read_iomem("09000000-09000fff : pl011@9000000\n"
                                 "  09000000-09000fff : 9000000.pl011 pl011@9000000\n"
                                 "40000000-bfffffff : System RAM\n"
                                 "  40210000-4056ffff : Kernel code\n"
                                 "  ada00000-bd9fffff : Crash kernel\n"
                                 "8000000000-ffffffffff : PCI Bus 0000:00\n");
  ASSERT_EQ(ranges.size(), 3u);
  EXPECT_EQ(ranges[0].depth, 0u);
  EXPECT_EQ(ranges[2].name, "Crash kernel");
  EXPECT_EQ(ranges[2].start, 0xada00000u);
  EXPECT_EQ(ranges[2].last, 0xbd9fffffu);
  EXPECT_EQ(ranges[2].depth, 1u);
}

TEST(NotePlace, IsHexadecimalWithAndWithoutPrefix) {
  const auto place = read_note_place("0x0000000040968000 1024\n");
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->start, 0x40968000u);
  EXPECT_EQ(place->size, 0x1024u);
  EXPECT_EQ(read_note_place(""), std::nullopt);
  EXPECT_THROW(read_note_place("zero 1024"), ShapeError);
}

TEST(ReadBuildId, SkipsOtherNotes) {
  using namespace std::string_literals;
  const std::string other = "\6\0\0\0\4\0\0\0\1\1\0\0Linux\0\0\0\0\0\0\0"s;
  const std::string mine = "\4\0\0\0\3\0\0\0\3\0\0\0GNU\0\x81\x8a\xcc\0"s;
  EXPECT_EQ(read_build_id(other + mine), "818acc");
  EXPECT_EQ(read_build_id(other), "");
  EXPECT_EQ(read_build_id(mine.substr(0, mine.size() - 4)), ""); // cut short
  EXPECT_EQ(read_build_id(""), "");
}

TEST(ReadProgramHeaders, OfACoreFileAndOfNothingElse) {
  Elf64_Ehdr head{};
  std::memcpy(head.e_ident, ELFMAG "\2\1", SELFMAG + 2);
  head.e_phoff = sizeof head;
  head.e_phnum = 2;
  Elf64_Phdr note{}, load{};
  note.p_type = PT_NOTE;
  note.p_filesz = 0x1000;
  load.p_type = PT_LOAD;
  load.p_vaddr = 0xffff000000000000;
  load.p_paddr = 0x40000000;
  load.p_memsz = 0x80000000;
  std::string file(reinterpret_cast<const char*>(&head), sizeof head);
  file.append(reinterpret_cast<const char*>(&note), sizeof note)
      .append(reinterpret_cast<const char*>(&load), sizeof load);
  const auto headers = read_program_headers(file);
  ASSERT_EQ(headers.size(), 2U);
  EXPECT_EQ(headers[0].size, 0x1000U);
  EXPECT_EQ(headers[1].paddr, 0x40000000U);
  EXPECT_EQ(headers[1].size, 0x80000000U);
  EXPECT_TRUE(read_program_headers(file.substr(0, file.size() - 1)).empty()); // cut off
  EXPECT_TRUE(read_program_headers("not an ELF file").empty());
  file[4] = 1; // 32 bits
  EXPECT_TRUE(read_program_headers(file).empty());
}

TEST(ReadMeminfo, TakesTheWholeKey) {
  const auto* const text = "MemTotal:        1789416 kB\nMemFree:         1765228 kB\nPageTables:            4 kB\n";
  EXPECT_EQ(read_meminfo(text, "MemTotal"), 1789416u * 1024);
  EXPECT_EQ(read_meminfo(text, "PageTables"), 4096u);
  EXPECT_EQ(read_meminfo(text, "Mem"), 0u);
}

TEST(ReadLog, DropsTheLevelAndStopsAtTheLimit) {
  bool cut = false;
  EXPECT_THAT(read_log("<6>[    0.0] a\n<14>[    0.1] b\nno level\n", 100, cut),
              ElementsAre("[    0.0] a", "[    0.1] b", "no level"));
  EXPECT_FALSE(cut);
  EXPECT_THAT(read_log("<6>12345\n<6>67890\n", 9, cut), ElementsAre("12345"));
  EXPECT_TRUE(cut);
}

TEST(ReasonInLog, IsTheLastWordAboutTheModule) {
  const auto* const log = "<4>[    1.0] kdt_probe: loading out-of-tree module taints kernel.\n"
                          "<3>[    1.1] kdt_probe: version magic '6.1' should be '6.2'\n<6>[    1.2] other: x\n";
  EXPECT_EQ(reason_in_log(log, "kdt_probe"), "version magic '6.1' should be '6.2'");
  EXPECT_EQ(reason_in_log(log, "probe"), "");
}

TEST(ReadSegments, PairsAddressesWithSizes) {
  const auto segments = read_segments("kexec_load: entry = 0xae636670 flags = 0xb70001\nnr_segments = 2\n"
                                      "segment[0].buf   = 0xffff8e0bd010\nsegment[0].bufsz = 0x498808\n"
                                      "segment[0].mem   = 0xada00000\nsegment[0].memsz = 0x4e0000\n"
                                      "segment[1].buf   = 0xaaaae3c06480\nsegment[1].bufsz = 0x400\n"
                                      "segment[1].mem   = 0xbd9ff000\nsegment[1].memsz = 0x1000\n");
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_EQ(segments[0].start, 0xada00000u);
  EXPECT_EQ(segments[1].size, 0x1000u);
  EXPECT_THAT(read_segments("Try gzip decompression.\n"), IsEmpty());
}

TEST(ReadSymbol, TakesTheWholeNameAndNoneOfAModule) {
  const auto* const text = "ffff800008000000 T _text\nffff8000084c4280 B kexec_crash_image_old\n"
                           "ffff8000084c4288 B kexec_crash_image\nffff800001230000 t mine\t[kdt_probe]\n";
  EXPECT_EQ(read_symbol(text, "kexec_crash_image"), 0xffff8000084c4288u);
  EXPECT_EQ(read_symbol(text, "_text"), 0xffff800008000000u);
  EXPECT_FALSE(read_symbol(text, "crash_image"));
  EXPECT_FALSE(read_symbol(text, "mine"));
  EXPECT_FALSE(read_symbol("", "_text"));
}

TEST(ReadSymbol, AHiddenAddressIsNone) {
  EXPECT_FALSE(read_symbol("0000000000000000 B kexec_crash_image\n", "kexec_crash_image"));
}

TEST(ReadImageSegments, OneSegmentALineAndNothingForNoImage) {
  const auto segments = read_image_segments("0xada00000 0xadee0000\n0xbd9ff000 0xbda00000\n");
  ASSERT_EQ(segments.size(), 2u);
  EXPECT_EQ(segments[0].start, 0xada00000u);
  EXPECT_EQ(segments[0].size, 0x4e0000u);
  EXPECT_EQ(segments[1].size, 0x1000u);
  EXPECT_THAT(read_image_segments(""), IsEmpty());
  EXPECT_THROW(read_image_segments("0xada00000\n"), ShapeError);
  EXPECT_THROW(read_image_segments("0x2000 0x1000\n"), ShapeError);
  EXPECT_THROW(read_image_segments("0x1000 many\n"), ShapeError);
}

TEST(ReadLinearMap, SumsByLevelAndSetsInvalidApart) {
  const auto map = read_linear_map("granule 4096\nva_bits 48\nstart 0xffff000000000000\nend 0xffff800000000000\n"
                                   "tables 3\nleaf pte 0 0 1 8192\nleaf pte 0 1 0 4096\nleaf pte 0 1 1 1000\n"
                                   "leaf pmd 1 1 1 67108864\n");
  EXPECT_EQ(map.page_table_bytes, 3u * 4096);
  EXPECT_THAT(map.levels, ElementsAre(Pair("contpmd", 67108864u), Pair("invalid", 8192u), Pair("pte", 5096u)));
  EXPECT_THAT(map.read_only, ElementsAre(Pair("pte", 4096u)));
}

TEST(ReadLinearMap, RejectsWhatItDoesNotKnow) {
  EXPECT_THROW(read_linear_map(""), ShapeError);
  EXPECT_THROW(read_linear_map("granule 4096\nleaf pte 0 1\n"), ShapeError);
  EXPECT_THROW(read_linear_map("granule many\n"), ShapeError);
}

TEST(ReadMapAndStore, OneRunALine) {
  const auto map = read_map("0xada00000 0xae636000 pte 0 0 1\n0xae636000 0xbda00000 pmd 1 1 1\n");
  ASSERT_EQ(map.size(), 2u);
  EXPECT_FALSE(map[0].valid);
  EXPECT_TRUE(map[1].cont);
  EXPECT_EQ(map[1].level, "pmd");
  const auto writes = read_store("0x0 0x1000 landed\n0x1000 0x2000 load_faulted\n0x2000 0x3000 store_faulted\n");
  ASSERT_EQ(writes.size(), 3u);
  EXPECT_EQ(writes[0].result, "landed");
  EXPECT_FALSE(writes[0].fault);
  EXPECT_EQ(writes[1].fault, "load");
  EXPECT_EQ(writes[2].fault, "store");
  EXPECT_THROW(read_store("0x0 0x1000 exploded\n"), ShapeError);
  EXPECT_THROW(read_map("0x0 0x1000 pte\n"), ShapeError);
}

TEST(MakedumpfileProgress, TellsEachStepOnceHoweverItIsCut) {
  MakedumpfileProgress progress;
  EXPECT_FALSE(progress.feed("\rCopying da"));
  const auto step = progress.feed("ta                      : [ 45.3 %] /          eta: 3s");
  ASSERT_TRUE(step);
  EXPECT_EQ(step->what, "Copying data");
  EXPECT_EQ(step->per_mille, 453u);
  EXPECT_FALSE(progress.feed("\r"));
  EXPECT_FALSE(progress.feed("Copying data                      : [ 45.3 %] -          eta: 3s\r"));
  const auto last =
      progress.feed("Copying data           : [ 99.0 %] |   eta: 0s\rCopying data      : [100.0 %] \\  \n");
  ASSERT_TRUE(last);
  EXPECT_EQ(last->per_mille, 1000u);
  EXPECT_FALSE(progress.feed("The dumpfile is saved to STDOUT.\n"));
}

TEST(Settled, KeepsWhatCarriageReturnsLeft) {
  EXPECT_EQ(settled("\rCopying : [ 1 %] \rCopying : [100 %]  \nDone.\r\n"), "Copying : [100 %]\nDone.\n");
}

TEST(TailOf, CutsAtALine) {
  EXPECT_EQ(tail_of("one\ntwo\nthree\n", 8), "three\n");
  EXPECT_EQ(tail_of("one\n", 8), "one\n");
}

TEST(KernelWords, TheLastOneCountsAndPrefixesDoNot) {
  const KernelWords words{"console=ttyAMA0 kdt.save=filter:1 kdt.muted kdt.save=filter:2 kdt.shell\n"};
  EXPECT_EQ(words.value("kdt.save"), "filter:2");
  EXPECT_TRUE(words.has("kdt.shell"));
  EXPECT_FALSE(words.has("kdt.mute"));
}

TEST(SaveWord, ReadsItsKeysAndKeepsTheDefaults) {
  const auto ask = read_save_word("filter:1,format:kdump,target:ext4");
  EXPECT_EQ(ask.filter, 1u);
  EXPECT_EQ(ask.format, "kdump");
  EXPECT_EQ(ask.compression, "lzo");
  EXPECT_EQ(ask.target.serial, "kdt-dump");
  EXPECT_EQ(ask.target.kind, "ext4");
  EXPECT_THROW(read_save_word("level:1"), ShapeError);
  EXPECT_THROW(read_save_word("filter:"), ShapeError);
}

TEST(MakedumpfileArgv, OfEachFormat) {
  protocol::SaveAsk ask;
  EXPECT_THAT(makedumpfile_argv(ask, {"/dev/vda"}, 4096),
              ElementsAre("makedumpfile", "-b", "9", "-d", "31", "-l", "-F", "/proc/vmcore"));
  ask.format = "kdump";
  ask.compression = "none";
  EXPECT_THAT(makedumpfile_argv(ask, {"/dev/vda"}, 4096),
              ElementsAre("makedumpfile", "-b", "9", "-d", "31", "-f", "/proc/vmcore", "/dev/vda"));
  EXPECT_THAT(makedumpfile_argv(ask, {"/dev/vda"}, 65536), testing::Contains("5")); // 32 pages are 2 MiB, too
  ask.format = "elf";
  ask.compression = "zstd";
  EXPECT_THAT(makedumpfile_argv(ask, {"/dev/vda"}, 4096),
              ElementsAre("makedumpfile", "-b", "9", "-d", "31", "-E", "-f", "/proc/vmcore", "/dev/vda"));
}

TEST(MakedumpfileArgv, SeveralThreadsAndSeveralFiles) {
  protocol::SaveAsk ask;
  ask.threads = 2;
  EXPECT_THAT(makedumpfile_argv(ask, {"/dev/vda"}, 4096),
              ElementsAre("makedumpfile", "-b", "9", "-d", "31", "-l", "--num-threads", "2", "-F", "/proc/vmcore"));
  EXPECT_THAT(makedumpfile_environment(ask, 4096), ElementsAre("LD_PRELOAD=libgcc_s.so.1"));
  ask.threads = 0;
  ask.format = "kdump";
  ask.split = 2;
  EXPECT_THAT(makedumpfile_argv(ask, {"/dev/vda", "/dev/vdd"}, 4096),
              ElementsAre("makedumpfile", "-b", "9", "-d", "31", "-l", "--split", "-f", "/proc/vmcore", "/dev/vda",
                          "/dev/vdd"));
}

TEST(MakedumpfileEnvironment, AnEmulatedGuestClearsMemoryByStores) {
  EXPECT_THAT(makedumpfile_environment({}, 4096), testing::IsEmpty());
  protocol::SaveAsk ask;
  ask.emulated = true;
  ask.compression = "zlib";
  ask.target.kind = "ext4";
  EXPECT_THAT(makedumpfile_environment(ask, 4096), ElementsAre("GLIBC_TUNABLES=glibc.cpu.name=emag"));
}

TEST(MakedumpfileEnvironment, AnEmulatedGuestCompressesSmallPagesWithASmallDictionary) {
  protocol::SaveAsk ask;
  ask.emulated = true;
  ask.target.kind = "ext4";
  EXPECT_THAT(makedumpfile_environment(ask, 4096),
              ElementsAre("LD_PRELOAD=/kdt_lzo.so", "GLIBC_TUNABLES=glibc.cpu.name=emag"));
  ask.threads = 1;
  EXPECT_THAT(makedumpfile_environment(ask, 4096),
              ElementsAre("LD_PRELOAD=libgcc_s.so.1:/kdt_lzo.so", "GLIBC_TUNABLES=glibc.cpu.name=emag"));
  EXPECT_THAT(makedumpfile_environment(ask, 65536), // would compress worse
              ElementsAre("LD_PRELOAD=libgcc_s.so.1", "GLIBC_TUNABLES=glibc.cpu.name=emag"));
}

TEST(MakedumpfileEnvironment, AnEmulatedGuestWritesToADrivePastItsPageCache) {
  protocol::SaveAsk ask;
  EXPECT_EQ(ask.target.kind, "raw");
  EXPECT_THAT(makedumpfile_environment(ask, 4096), testing::IsEmpty());
  ask.emulated = true;
  EXPECT_THAT(makedumpfile_environment(ask, 4096), testing::Contains("LD_PRELOAD=/kdt_lzo.so:/kdt_direct.so"));
  EXPECT_THAT(makedumpfile_environment(ask, 65536), testing::Contains("LD_PRELOAD=/kdt_direct.so"));
}

TEST(MakedumpfileArgv, RefusesWordsItDoesNotKnow) {
  EXPECT_THROW(makedumpfile_argv({.target = {}, .filter = 32, .compression = "lzo", .format = "elf"}, {}, 4096),
               ShapeError);
  EXPECT_THROW(makedumpfile_argv({.target = {}, .filter = 1, .compression = "rar", .format = "elf"}, {}, 4096),
               ShapeError);
  EXPECT_THROW(makedumpfile_argv({.target = {}, .filter = 1, .compression = "lzo", .format = "core"}, {}, 4096),
               ShapeError);
}

} // namespace kdt::agent

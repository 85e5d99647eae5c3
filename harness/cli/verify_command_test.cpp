// `kdt verify` of files that are no dump, or one made to hurt: one sentence, the exit status that --help promises,
// nothing left behind, and little of the host taken. This program stands for kdt, below in main().

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "cli/application.hpp"
#include "testing/schema.hpp"
#include "vmcore/tiny_vmcore.hpp"
#include "vmcore/verify.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <random>

namespace kdt::cli {

namespace {

namespace tiny = vmcore::tiny;
using ::testing::HasSubstr;

constexpr const char* k_as_kdt = "as-kdt";

template <typename T>
void put(std::string& dump, std::size_t at, T value) {
  std::memcpy(dump.data() + at, &value, sizeof value);
}

class VerifyCommandTest : public ::testing::Test {
protected:
  Finished kdt(std::vector<std::string> words) {
    words.insert(words.begin(), {"/proc/self/exe", k_as_kdt, "verify"});
    Command command{.argv = words, .environment = {{"TMPDIR", temporary_.path().string()}}};
    auto done = run_program(command, Deadline::after(std::chrono::minutes(4)));
    EXPECT_FALSE(done.timed_out);
    EXPECT_EQ(done.status.signal, 0) << done.err;
    EXPECT_TRUE(fs::is_empty(temporary_.path()));
    return done;
  }

  fs::path given(const std::string& bytes) {
    write_file(place_.path() / "vmcore", bytes);
    return place_.path() / "vmcore";
  }

  /// "code: sentence" of the one finding about these bytes; what else there is to say is checked here.
  std::string verdict(const fs::path& file, int status = 1) {
    auto done = kdt({file.string(), "--json"});
    EXPECT_EQ(done.status.code, status) << done.err;
    EXPECT_EQ(done.err, "");
    EXPECT_EQ(kdt::testing::schema_errors(KDT_SOURCE_DIR "/reports/schema/verify.schema.json", done.out), "");
    auto json = nlohmann::json::parse(done.out, nullptr, false);
    if (!json.is_object()) return done.out;
    if (json["facts"].contains("verify.peak_memory")) {
      EXPECT_LT(json["facts"]["verify.peak_memory"].get<std::uint64_t>(), ByteSize::mib(512).bytes);
    }
    EXPECT_EQ(json["findings"].size(), 1U) << done.out;
    if (json["findings"].empty()) return "";
    const auto& finding = json["findings"][0];
    auto sentence = finding["text"].get<std::string>();
    EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
    return finding["code"].get<std::string>() + ": " + sentence;
  }
  std::string verdict(const std::string& bytes, int status = 1) { return verdict(given(bytes), status); }

  const tiny::Memory memory_ = tiny::kernel({"Kernel panic - not syncing: test"});
  TempDir place_{"kdt-verify"};
  TempDir temporary_{"kdt-verify-tmp"};
};

TEST_F(VerifyCommandTest, AGoodDumpIsFoundGoodAndWhatThatTookIsTold) {
  auto done = kdt({given(tiny::kdump(memory_)).string(), "--json"});
  EXPECT_EQ(done.status.code, 0) << done.out << done.err;
  auto facts = nlohmann::json::parse(done.out)["facts"];
  EXPECT_EQ(facts["vmcore.pages_read"].get<int>(), 16);
  EXPECT_GT(facts["verify.peak_memory"].get<std::uint64_t>(), ByteSize::mib(1).bytes);
  EXPECT_GT(facts["verify.cpu_seconds"].get<double>(), 0);
}

TEST_F(VerifyCommandTest, ADumpOfAnotherArchitectureIsNamedSo) {
  constexpr const char* k_sentence = "vmcore-unreadable: the vmcore is of another architecture than arm64";
  constexpr unsigned k_x86_64 = 62;
  EXPECT_EQ(verdict(tiny::elf(memory_, {1, 2}, k_x86_64)), k_sentence);
  auto kdump = tiny::kdump(memory_);
  kdump.replace(12 + 4 * 65, 7, "x86_64\0", 7);
  EXPECT_EQ(verdict(kdump), k_sentence);
  EXPECT_EQ(verdict(tiny::flattened(kdump)), k_sentence);
  // The header alone.
  EXPECT_THAT(verdict(tiny::elf(memory_, {1, 2}, k_x86_64).substr(0, 64)),
              HasSubstr("vmcore-truncated: the vmcore has 64"));
}

TEST_F(VerifyCommandTest, AMegabyteOfNoiseIsNoDump) {
  std::mt19937_64 random(3);
  std::string noise(std::size_t{1} << 20, '\0');
  std::ranges::generate(noise, [&] { return static_cast<char>(random()); });
  EXPECT_EQ(verdict(noise),
            "vmcore-unreadable: the vmcore is neither kdump-compressed nor an ELF core of a 64-bit machine");
  EXPECT_EQ(verdict(std::string()), "vmcore-unreadable: the vmcore is empty");
  auto text = kdt({given(noise).string()});
  EXPECT_EQ(text.status.code, 1);
  EXPECT_THAT(text.out, HasSubstr("\nvmcore-unreadable: the vmcore is neither"));
  EXPECT_THAT(text.out, HasSubstr("\nThe vmcore is not as it should be.\n"));
}

TEST_F(VerifyCommandTest, APageThatClaimsToBeHugeIsDamaged) {
  auto dump = tiny::kdump(memory_);
  constexpr auto k_size_at = tiny::k_descriptors_at + 15 * 24 + 8;
  put<std::uint32_t>(dump, k_size_at, 0x7fffffff);
  EXPECT_THAT(verdict(dump), HasSubstr("vmcore-truncated: "));
  put<std::uint32_t>(dump, k_size_at + 4, 1); // zlib
  given(dump);
  fs::resize_file(place_.path() / "vmcore", std::uintmax_t{3} << 30); // now all of it is there, as a hole
  EXPECT_EQ(verdict(place_.path() / "vmcore"), "vmcore-damaged: 1 of 16 stored pages cannot be read back");
}

TEST_F(VerifyCommandTest, AStreamThatMakesATerabyteTakesNeitherTimeNorDisk) {
  auto begin = Clock::now();
  EXPECT_EQ(verdict(tiny::stream_of_a_terabyte(std::uint64_t{1} << 60)),
            "vmcore-unreadable: the vmcore's headers claim memory beyond the 52 bits of an arm64 address");
  EXPECT_EQ(
      verdict(tiny::stream_of_a_terabyte(std::uint64_t{1} << 34), 3),
      "vmcore-unproven: nothing of the vmcore was read: its bitmaps are of 274.9 GB each, and kdt reads none of more "
      "than 268.4 MB");
  EXPECT_LT(Clock::now() - begin, std::chrono::minutes(1));
}

TEST_F(VerifyCommandTest, WhatIsNoFileIsUsage) {
  for (const auto& path : {place_.path() / "absent", place_.path()}) {
    auto done = kdt({path.string()});
    EXPECT_EQ(done.status.code, 2);
    EXPECT_THAT(done.err, HasSubstr(path.string() + ": no such file, or neither a regular one nor a disk\n"));
  }
}

} // namespace

/// The part of the program's main() that matters here.
int as_kdt(std::vector<std::string> words) {
  Context context{.repository = {}, .stop = {}};
  Application application(context);
  std::ranges::reverse(words); // as CLI11 takes them
  try {
    application.app().parse(words);
    return application.run();
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.blame() == Blame::usage ? 2 : 3;
  }
}

} // namespace kdt::cli

/// vmcore::verify() starts /proc/self/exe, which is this program, and so do the tests.
int main(int argc, char** argv) {
  if (argc > 1 && argv[1] == kdt::vmcore::k_verify_command) return kdt::vmcore::verify_child_main(argc, argv);
  if (argc > 1 && std::string_view(argv[1]) == kdt::cli::k_as_kdt) return kdt::cli::as_kdt({argv + 2, argv + argc});
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}

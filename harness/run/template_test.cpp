#include "machine/qemu_argv.hpp"
#include "model/json.hpp"
#include "run/cell_runner_fixture.hpp"
#include "run/template.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <ctime>
#include <set>

namespace kdt::run {

using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

namespace {

/// A template of a scripted guest, and forks of it.
class TemplateTest : public CellRunnerTest {
protected:
  std::unique_ptr<const Template> make(Phase after = Phase::probe, RamPlace place = RamPlace::memory) {
    auto mine = context();
    mine.directory = of_template();
    make_directories(mine.directory);
    mine.on_phase = [this](Phase) { nameless_meanwhile_ = nameless_in(of_template()); };
    return make_template(cell_, mine, "probe-1", after, place);
  }

  fs::path of_template() const { return directory_.path() / "template"; }

  CellResult fork_of(const Template& origin) {
    auto mine = context();
    mine.describe = machine::describe_qemu;
    mine.fork_of = &origin;
    return run_cell(cell_, mine);
  }

  std::string log(const char* file) { return read_file(directory_.path() / "cell" / file); }

  std::vector<std::string> nameless_meanwhile_; ///< when the template's last phase began
};

} // namespace

TEST_F(TemplateTest, AForkHasWhatItsTemplateSawAndGoesOnFromThere) {
  auto cold = run();
  start_again();
  auto origin = make();
  EXPECT_EQ(origin->phases.size(), 3U);
  EXPECT_FALSE(guest_.asks.contains("canaries")); // each fork plants its own
  EXPECT_FALSE(guest_.asks.contains("trigger"));
  auto fork = fork_of(*origin);

  EXPECT_EQ(fork.verdict, Verdict::pass) << codes(fork);
  ASSERT_TRUE(fork.fork.has_value());
  EXPECT_EQ(fork.fork->of, "probe-1");
  EXPECT_EQ(fork.fork->after, Phase::probe);
  EXPECT_EQ(fork.not_forked, "");
  ASSERT_EQ(fork.phases.size(), cold.phases.size());
  for (std::size_t i = 0; i < fork.phases.size(); ++i) {
    auto phase = fork.phases[i].phase;
    EXPECT_EQ(phase, cold.phases[i].phase);
    EXPECT_EQ(fork.phases[i].of_template, phase > Phase::prepare && phase <= Phase::probe) << to_string(phase);
  }
  for (const auto& [name, value] : cold.observed) {
    ASSERT_TRUE(fork.observed.contains(name)) << name;
    if (name.ends_with("seconds") || name == "trigger.nonce") continue;
    EXPECT_EQ(fork.observed[name], value) << name;
  }
  EXPECT_EQ(fork.observed.size(), cold.observed.size());
  EXPECT_THAT(log("console.log"), StartsWith("[    0.000000] Booting Linux"));
  EXPECT_THAT(log("events.jsonl"), HasSubstr(R"("type":"fork","template":"probe-1","after":"probe")"));
  EXPECT_THAT(log("events.jsonl"), Not(HasSubstr(R"("type":"exit")")));
}

TEST_F(TemplateTest, ForksShareTheRamFileAndNothingElse) {
  auto origin = make();
  auto first = fork_of(*origin);
  auto second = fork_of(*origin);
  ASSERT_EQ(specs_.size(), 3U);
  EXPECT_TRUE(specs_[0].state_file.empty());
  for (const auto& spec : specs_) EXPECT_EQ(spec.ram_file, origin->ram.path());
  EXPECT_EQ(specs_[2].state_file, origin->state.path());
  for (const auto& spec : specs_) EXPECT_NE(spec.drives[0].file, spec.ram_file);
  EXPECT_NE(first.observed["trigger.nonce"], second.observed["trigger.nonce"]);
  EXPECT_THAT(log("qemu.args"), HasSubstr("memory-backend-ram")); // who runs it by hand boots it
}

TEST_F(TemplateTest, ForksAreToldTheTimeAndASeedOfTheirOwn) {
  auto before = static_cast<std::uint64_t>(std::time(nullptr));
  auto origin = make();
  std::set<std::string> seeds;
  for (int i = 0; i < 2; ++i) {
    fork_of(*origin);
    auto ask = nlohmann::json::parse(guest_.asks.at("wake"));
    EXPECT_GE(ask["time"].get<std::uint64_t>(), before);
    EXPECT_LE(ask["time"].get<std::uint64_t>(), static_cast<std::uint64_t>(std::time(nullptr)));
    seeds.insert(ask["seed"].get<std::string>());
  }
  EXPECT_THAT(seeds, SizeIs(2));
  EXPECT_THAT(seeds, Each(SizeIs(64))); // 256 bits, which is what the kernel's generator holds
}

TEST_F(TemplateTest, ARamFileInMemoryIsNotInItsDirectory) {
  auto origin = make();
  EXPECT_THAT(fs::read_symlink(origin->ram.path()).string(), StartsWith("/memfd:kdt"));
  EXPECT_THAT(nameless_in(of_template()), IsEmpty()); // its disk for a dump is gone, too: forks have their own
}

TEST_F(TemplateTest, ARamFileOnDiskIsInItsDirectoryWithoutANameAndGoesWithIt) {
  auto origin = make(Phase::probe, RamPlace::disk);
  EXPECT_THAT(nameless_in(of_template()), SizeIs(1));
  EXPECT_THAT(nameless_in(of_template()), Contains(fs::read_symlink(origin->ram.path()).string()));
  EXPECT_EQ(fs::file_size(origin->ram.path()), cell_.parameters.memory.bytes);
  EXPECT_LT(origin->ram.occupied(), ByteSize::mib(1));
  for (const auto& entry : fs::directory_iterator(of_template())) // logs
    EXPECT_LT(entry.file_size(), ByteSize::mib(1).bytes) << entry.path();

  auto fork = fork_of(*origin);
  EXPECT_EQ(fork.verdict, Verdict::pass) << codes(fork);
  ASSERT_THAT(specs_, SizeIs(2));
  for (const auto& spec : specs_) EXPECT_EQ(spec.ram_file, origin->ram.path());
  EXPECT_THAT(nameless_in(of_template()), SizeIs(1)); // a fork that has ended took nothing along
  origin.reset();
  EXPECT_THAT(nameless_in(of_template()), IsEmpty());
}

TEST_F(TemplateTest, OneThatComesToNothingLeavesNoRamFileOnDisk) {
  guest_.cannot_freeze = "QEMU refused migrate";
  EXPECT_THROW(make(Phase::probe, RamPlace::disk), Error);
  EXPECT_THAT(nameless_meanwhile_, SizeIs(2)); // with the disk for the dump
  EXPECT_THAT(nameless_in(of_template()), IsEmpty());
}

TEST_F(TemplateTest, InTheCaptureKernelForksShareTheirNonce) {
  auto origin = make(Phase::capture);
  EXPECT_FALSE(guest_.asks.contains("save"));
  auto fork = fork_of(*origin);
  EXPECT_EQ(fork.verdict, Verdict::pass) << codes(fork);
  EXPECT_EQ(fork.fork->after, Phase::capture);
  EXPECT_EQ(fork.observed["trigger.nonce"], Value(origin->nonce)); // it is in the log of the kernel that panicked
  EXPECT_TRUE(fork.observed.contains("capture.seconds"));
  EXPECT_FALSE(expected_.canaries.empty());
}

TEST_F(TemplateTest, WhatFoundAnythingAmissIsNoTemplate) {
  guest_.instead_of("load", 0, [] {
    return Events{
        AgentLine{R"({"id":0,"answer":{"exit_status":1,"output":"no","loaded":false,"segments":[],"seconds":0}})"}};
  });
  try {
    make();
    FAIL() << "it is one";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("load-failed in phase load"));
  }
}

TEST_F(TemplateTest, AGuestThatCannotFreezeIsNoTemplate) {
  guest_.cannot_freeze = "QEMU refused migrate";
  EXPECT_THROW(make(), Error);
}

TEST_F(TemplateTest, AForkThatDoesNotWakeIsBootedAndSaysSo) {
  auto origin = make();
  start_again();
  guest_.cannot_wake = "QEMU refused migrate-incoming";
  auto result = fork_of(*origin);
  EXPECT_EQ(result.verdict, Verdict::pass) << codes(result);
  EXPECT_FALSE(result.fork.has_value());
  EXPECT_THAT(result.not_forked, HasSubstr("a fork of probe-1 failed: QEMU refused migrate-incoming"));
  EXPECT_FALSE(result.phases[1].of_template);
  EXPECT_EQ(to_json(cell_from_json(nlohmann::ordered_json::parse(log("cell.json")))), to_json(result));
  EXPECT_EQ(log("events.jsonl").find(R"("type":"fork")"), std::string::npos);
}

TEST_F(TemplateTest, AForkWhoseAgentRefusesIsBooted) {
  auto origin = make();
  start_again();
  guest_.instead_of("wake", 0, [] { return Events{AgentLine{R"({"id":0,"error":"there is no ask 'wake'"})"}}; });
  auto result = fork_of(*origin);
  EXPECT_EQ(result.verdict, Verdict::pass) << codes(result);
  EXPECT_THAT(result.not_forked, HasSubstr("the agent did not answer: there is no ask"));
}

TEST(PlaceForRam, IsMemoryWhileItTakesLittleOfIt) {
  EXPECT_EQ(place_for_ram(ByteSize::mib(400), ByteSize::gib(8), ByteSize::gib(8)), RamPlace::memory);
  EXPECT_EQ(place_for_ram(ByteSize::gib(6), ByteSize::gib(8), ByteSize::gib(100)), RamPlace::disk);
  EXPECT_EQ(place_for_ram(ByteSize::gib(6), ByteSize::gib(8), ByteSize::gib(8)), std::nullopt);
}

} // namespace kdt::run

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "run/repro_script.hpp"
#include "testing/golden.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kdt::run {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Runs the script against a QEMU that is a script, too: it plays the agent.
class ReproScript : public ::testing::Test {
protected:
  ReproScript() {
    cell_.id = "kernel=v6.1-dma/rodata=full";
    cell_.slug = "kernel=v6.1-dma_rodata=full";
    cell_.parameters.kernel = kernel_.name = "v6.1-dma";
    cell_.parameters.rodata = "full";
    cell_.parameters.crashkernel = "256M";
    kernel_.release = "6.1.176-v6.1-dma";
    kernel_.build_id = "0123abcd";
    kernel_.image = "/cache/kernel/Image";
    kernel_.initramfs = "/cache/guest/initramfs.cpio";
  }

  std::string text() const {
    return repro_script({.cell = cell_, .kernel = kernel_, .triggers = triggers_, .nonce = "00c0ffee"});
  }

  void make_files() {
    kernel_.image = directory_.path() / "it's an Image";
    kernel_.initramfs = directory_.path() / "initramfs";
    write_file(kernel_.image, "kernel");
    write_file(kernel_.initramfs, "files");
  }

  /// Each line that the agent is asked comes to stderr after "heard: ".
  Finished run(const std::string& qemu, const std::vector<std::string>& arguments = {},
               const std::map<std::string, std::string>& environment = {}) {
    write_file(directory_.path() / "repro.sh", text());
    make_directories(directory_.path() / "bin");
    make_directories(directory_.path() / "tmp");
    write_file(directory_.path() / "bin/qemu-system-aarch64", "#!/bin/sh\nexec 2>&1\n" + qemu);
    fs::permissions(directory_.path() / "bin/qemu-system-aarch64", fs::perms(0755));
    Command command{.argv = {"sh", (directory_.path() / "repro.sh").string()}, .environment = environment};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.environment["PATH"] = (directory_.path() / "bin").string() + ":" + std::getenv("PATH");
    command.environment["TMPDIR"] = (directory_.path() / "tmp").string();
    return run_program(command, Deadline::after(std::chrono::minutes(2)));
  }

  TempDir directory_{"kdt-test"};
  Cell cell_;
  image::KernelImage kernel_;
  matrix::Triggers triggers_ = matrix::load_triggers(KDT_SOURCE_DIR "/matrices/triggers/linux.yaml");
};

constexpr const char* k_agent = R"(
exec 3<>agent.in 4<>agent.out
hear() { IFS= read -r line <&3; printf 'heard: %s\n' "$line"; }
echo '{"event":"hello","role":"system","protocol":1}' >&4
hear; echo '{"id":1,"answer":{"regions":[]}}' >&4
hear; echo '{"event":"progress","id":2}' >&4; echo '{"id":2,"answer":{"output":"a \"event\":\"hello\" b"}}' >&4
hear; echo '{"id":3,"answer":{}}' >&4
hear; echo '{"id":4,"answer":{}}' >&4
hear; echo '{"id":5,"answer":{}}' >&4
echo '{"event":"hello","role":"capture","protocol":1}' >&4
hear; echo '{"id":1,"answer":{}}' >&4
hear
exit 7
)";

TEST_F(ReproScript, ReadsAsItDid) {
  kdt::testing::expect_golden(text(), fs::path(KDT_TESTDATA) / "repro.sh");
}

TEST_F(ReproScript, AsksTheAgentOfEachKernelOneThingAfterTheOther) {
  make_files();
  cell_.parameters.capture_cmdline = R"(quote" back\slash $HOME `id`)";
  auto done = run(k_agent);
  EXPECT_EQ(done.status.code, 7) << done.out << done.err;
  std::vector<std::string> heard;
  for (auto at = done.out.find("heard: "); at != std::string::npos; at = done.out.find("heard: ", at + 1))
    heard.push_back(done.out.substr(at + 7, done.out.find('\n', at) - at - 7));
  ASSERT_EQ(heard.size(), 7U) << done.out << done.err;
  EXPECT_EQ(heard[0], R"({"id":1,"ask":"probe"})");
  auto load = protocol::Json::parse(heard[1]);
  EXPECT_EQ(load["ask"], "load");
  EXPECT_EQ(load["image_bytes"], 6);
  EXPECT_EQ(load["initramfs_bytes"], 5);
  EXPECT_EQ(load["cmdline"], R"(console=ttyAMA0 panic=1 maxcpus=1 reset_devices quote" back\slash $HOME `id`)");
  EXPECT_EQ(protocol::Json::parse(heard[3])["ask"], "canaries");
  auto trigger = protocol::Json::parse(heard[4]);
  EXPECT_EQ(trigger["ask"], "trigger");
  EXPECT_EQ(trigger["nonce"], "00c0ffee");
  EXPECT_GT(trigger["time"], 1'700'000'000);
  EXPECT_EQ(protocol::Json::parse(heard[5])["ask"], "save");
  EXPECT_EQ(protocol::Json::parse(heard[6])["ask"], "poweroff");
  EXPECT_TRUE(fs::is_empty(directory_.path() / "tmp")) << "the temporary directory goes";
}

TEST_F(ReproScript, TellsWhatTheAgentRefuses) {
  make_files();
  auto done = run("exec 3<>agent.in 4<>agent.out\n"
                  "echo '{\"event\":\"hello\",\"role\":\"system\"}' >&4\nIFS= read -r line <&3\n"
                  "echo '{\"id\":1,\"error\":\"no such drive\"}' >&4\n"
                  "echo '{\"event\":\"hello\",\"role\":\"system\"}' >&4\nIFS= read -r line <&3\n");
  EXPECT_THAT(done.err, HasSubstr("the agent says: {\"id\":1,\"error\":\"no such drive\"}"));
}

TEST_F(ReproScript, GivesAShellInsteadOfAsking) {
  make_files();
  auto done = run("for word; do echo \"word: $word\"; done", {"shell"});
  EXPECT_TRUE(done.status.success()) << done.err;
  EXPECT_THAT(done.out, HasSubstr("word: console=ttyAMA0 panic=1 crashkernel=256M rodata=full kdt.shell\n"));
  EXPECT_THAT(done.out, Not(HasSubstr("heard")));
}

TEST_F(ReproScript, KeepsTheDumpWhereItIsAskedTo) {
  make_files();
  auto dump = directory_.path() / "my dump";
  auto done = run("echo dumped >dump.img", {}, {{"DUMP", dump.string()}});
  EXPECT_TRUE(done.status.success()) << done.err;
  EXPECT_EQ(read_file(dump), "dumped\n");
}

TEST_F(ReproScript, SaysWhatIsMissing) {
  auto gone = run("");
  EXPECT_EQ(gone.status.code, 2);
  EXPECT_THAT(gone.err, HasSubstr("/cache/kernel/Image is gone"));
  EXPECT_EQ(std::ranges::count(gone.err, '\n'), 1) << gone.err;
  make_files();
  auto word = run("", {"shel"});
  EXPECT_EQ(word.status.code, 2);
  EXPECT_THAT(word.err, HasSubstr("'shel' is unknown"));
}

TEST_F(ReproScript, TellsWhatOnlyAPersonCanDo) {
  cell_.parameters.trigger = "sysrq-break";
  ASSERT_NE(triggers_.find("sysrq-break"), nullptr);
  EXPECT_THAT(text(), HasSubstr("Ctrl-A B, then press c"));
  cell_.parameters.trigger = "sysrq-c";
  EXPECT_THAT(text(), Not(HasSubstr("then press c")));
}

TEST_F(ReproScript, LoadsNothingInABaseline) {
  cell_.parameters.loader = "none";
  EXPECT_THAT(text(), Not(HasSubstr(R"("ask":"load")")));
  EXPECT_THAT(text(), Not(HasSubstr(R"("ask":"trigger")")));
}

TEST_F(ReproScript, HasTheDisksOfTheCellsDump) {
  cell_.parameters.dump.split = 2;
  EXPECT_THAT(text(), HasSubstr("dump-2.img"));
  EXPECT_THAT(text(), HasSubstr("serial=kdt-dump-2"));
  cell_.parameters.dump.target = "ext4";
  EXPECT_THAT(text(), HasSubstr("mke2fs"));
  EXPECT_THAT(text(), HasSubstr(R"("kind":"ext4")"));
  EXPECT_THAT(text(), Not(HasSubstr("dump-2.img")));
  cell_.parameters.dump.target = "ssh";
  EXPECT_THAT(text(), HasSubstr("which is not here: nothing is saved"));
  EXPECT_THAT(text(), Not(HasSubstr(R"("ask":"save")")));
}

TEST_F(ReproScript, AnIdCannotLeaveItsComment) {
  cell_.id = "cmdline=a\nrm -rf /";
  EXPECT_THAT(text(), HasSubstr("#   cell     cmdline=a rm -rf /\n"));
}

} // namespace
} // namespace kdt::run

#include "base/child.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <csignal>
#include <sys/wait.h>
#include <thread>

namespace kdt {

using namespace std::chrono_literals;

namespace {
Finished shell(const std::string& script, Deadline deadline = Deadline::after(60s), std::stop_token stop = {}) {
  return run_program({.argv = {"sh", "-c", script}}, deadline, stop);
}

bool alive(int pid) {
  // A killed grandchild may stay a zombie of whoever adopts it: state Z counts as gone.
  try {
    auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
    return text.substr(text.rfind(')') + 2, 1) != "Z";
  } catch (const Error&) { // there is no such file, or no such process any more
    return false;
  }
}

/// A process that was sent SIGKILL and is not our child ends when the host next runs it.
bool ends(int pid, Deadline deadline = Deadline::after(60s)) {
  while (alive(pid) && !deadline.passed()) std::this_thread::yield();
  return !alive(pid);
}
} // namespace

TEST(Run, KeepsBothStreamsAndTheExitStatus) {
  auto finished = shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(finished.out, "out\n");
  EXPECT_EQ(finished.err, "err\n");
  EXPECT_EQ(finished.status.code, 3);
  EXPECT_EQ(to_string(finished.status), "exit status 3");
}

TEST(Run, TellsASignalFromAnExit) {
  auto finished = shell("kill -SEGV $$");
  EXPECT_EQ(finished.status.signal, SIGSEGV);
  EXPECT_FALSE(finished.status.success());
}

TEST(Run, KillsTheWholeGroupAtTheDeadline) {
  auto finished = shell("sleep 1000 & echo $!; wait", Deadline::after(300ms));
  EXPECT_TRUE(finished.timed_out);
  EXPECT_TRUE(ends(std::stoi(finished.out)));
}

TEST(Run, StopsWhenAskedToAndLeavesNothingRunning) {
  std::stop_source source;
  TempDir directory("kdt-test");
  auto pid_file = directory.path() / "pid";
  std::thread asker([&] {
    while (!fs::exists(pid_file)) std::this_thread::yield();
    source.request_stop();
  });
  EXPECT_THROW(shell("echo $$ > " + pid_file.string() + ".x; mv " + pid_file.string() + ".x " + pid_file.string() +
                         "; exec sleep 1000",
                     Deadline::after(60s), source.get_token()),
               Interrupted);
  asker.join();
  EXPECT_FALSE(alive(std::stoi(read_file(pid_file))));
}

TEST(Run, ASupervisedProgramKeepsItsStatus) {
  EXPECT_EQ(run_program({.argv = {"sh", "-c", "exit 7"}, .supervised = true}, Deadline::after(60s)).status.code, 7);
}

TEST(Run, DescendantsOfASupervisedProgramDieWithUs) {
  TempDir directory("kdt-test");
  auto pid_file = directory.path() / "pid";
  pid_t us = ::fork();
  if (us == 0) { // stands for kdt
    auto script = fmt::format("sleep 1000 & echo $! > {0}.x; mv {0}.x {0}; wait", pid_file.string());
    run_program({.argv = {"sh", "-c", script}, .supervised = true}, Deadline::after(60s));
    ::_exit(0);
  }
  auto deadline = Deadline::after(30s);
  while (!fs::exists(pid_file) && !deadline.passed()) std::this_thread::yield();
  int grandchild = std::stoi(read_file(pid_file));
  EXPECT_TRUE(alive(grandchild));
  ::kill(us, SIGKILL);
  ::waitpid(us, nullptr, 0);
  EXPECT_TRUE(ends(grandchild));
}

TEST(Run, NamesAProgramThatIsNotThere) {
  EXPECT_THROW(run_program({.argv = {"kdt-no-such-program"}}, Deadline::after(1s)), Error);
  EXPECT_FALSE(find_program("kdt-no-such-program"));
}

TEST(Run, HandsOutLinesAsTheyCome) {
  std::vector<std::string> lines;
  run_program({.argv = {"sh", "-c", "printf 'a\\nb\\nlast'"}}, Deadline::after(60s), {},
              [&](std::string_view line) { lines.emplace_back(line); });
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "b", "last"}));
}

TEST(Run, HoldsTheChildToItsLimits) {
  TempDir directory("kdt-test");
  Command command{.argv = {"sh", "-c", "head -c 1000000 /dev/zero > big"}};
  command.directory = directory.path();
  command.limits.file_size = ByteSize{4096};
  EXPECT_FALSE(run_program(command, Deadline::after(60s)).status.success());
  EXPECT_LE(fs::file_size(directory.path() / "big"), 4096U);
}

TEST(Run, GivesTheChildItsInputOutputAndEnvironment) {
  TempDir directory("kdt-test");
  write_file(directory.path() / "in", "hello");
  Command command{.argv = {"sh", "-c", "cat; printf \"$KDT_WORD\""}};
  command.input = directory.path() / "in";
  command.output = directory.path() / "out";
  command.environment["KDT_WORD"] = " world";
  EXPECT_TRUE(run_program(command, Deadline::after(60s)).status.success());
  EXPECT_EQ(read_file(command.output), "hello world");
}

TEST(Run, OffersTheChildToTheOomKiller) {
  Command command{.argv = {"cat", "/proc/self/oom_score_adj"}};
  auto ours = run_program(command, Deadline::after(60s)).out;
  command.dies_first = true;
  auto score = run_program(command, Deadline::after(60s)).out;
  EXPECT_EQ(score, std::stoi(ours) > 500 ? ours : "500\n"); // lowering it would need a privilege
}

TEST(Child, TellsWhatItGotOfTheProcessors) {
  boost::asio::io_context context;
  Command command{.argv = {"sh", "-c", "while :; do :; done"}};
  Child child(context.get_executor(), command, {});
  auto first = child.processor_time();
  if (!fs::exists("/proc/self/schedstat")) GTEST_SKIP() << "this host keeps no scheduling statistics";
  auto deadline = Deadline::after(60s);
  auto later = first;
  while (!deadline.passed() && (!later || (first && later->ran == first->ran))) later = child.processor_time();
  ASSERT_TRUE(later);
  EXPECT_GT(later->ran, first ? first->ran : 0s);
  EXPECT_GE(later->waited, 0s);
}

TEST(Child, TellsTheMostMemoryItHadEvenAfterItsEnd) {
  boost::asio::io_context context;
  Command command{.argv = {"dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"}};
  Child child(context.get_executor(), command, {});
  std::optional<ExitStatus> status;
  child.on_end([&](ExitStatus ended) { status = ended; });
  context.run();
  ASSERT_TRUE(status && status->success());
  EXPECT_GE(child.peak_memory(), ByteSize::mib(64));
  EXPECT_LT(child.peak_memory(), ByteSize::gib(8));
}

TEST(Child, TellsTheMostMemoryItHadSoFar) {
  boost::asio::io_context context;
  Child child(context.get_executor(), {.argv = {"sleep", "1000"}}, {});
  EXPECT_GT(child.peak_memory().bytes, 0U);
  EXPECT_GT(child.private_memory().bytes, 0U);
  EXPECT_LE(child.private_memory(), child.peak_memory());
}

TEST(Run, KeepsOnlyTheEndOfAFlood) {
  auto finished = shell("head -c 8000000 /dev/zero; echo end");
  EXPECT_LE(finished.out.size(), std::size_t{3} << 20);
  EXPECT_TRUE(finished.out.ends_with("end\n"));
}

TEST(ShellLine, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(shell_line({"qemu", "-append", "a b", "it's"}), R"(qemu -append 'a b' 'it'\''s')");
}

} // namespace kdt

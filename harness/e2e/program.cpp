#include "e2e/program.hpp"

#include "base/error.hpp"
#include "base/proc_stat.hpp"
#include "base/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <thread>

namespace kdt::e2e {

namespace {
constexpr std::chrono::milliseconds k_look_again{2};
constexpr std::string_view k_emulator = "qemu-system-aarch64";

std::string words_of(int pid) {
  try {
    auto words = read_file(fmt::format("/proc/{}/cmdline", pid));
    std::ranges::replace(words, '\0', ' ');
    return words;
  } catch (const Error&) { // it is gone
    return "";
  }
}
} // namespace

Command Program::command(const Place& place, const std::vector<std::string>& arguments,
                         const std::map<std::string, std::string>& environment) const {
  Command command{.argv = {KDT_PROGRAM}, .environment = environment, .directory = place.path()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment.merge(
      std::map<std::string, std::string>{{"KDT_ROOT", KDT_SOURCE_DIR},
                                         {"TMPDIR", place.tmp().string()},
                                         {k_place_variable, place.path().string()},
                                         {"KDT_HISTORY", (place.path() / "history.sqlite").string()}});
  return command;
}

Program::Program(const Place& place, const std::vector<std::string>& arguments,
                 const std::map<std::string, std::string>& environment, int in)
    : streams_("kdt-e2e-streams"), out_(open_file(streams_.path() / "out", O_WRONLY | O_CREAT)),
      err_(open_file(streams_.path() / "err", O_WRONLY | O_CREAT)),
      child_(context_.get_executor(), command(place, arguments, environment),
             {.in = in, .out = out_.get(), .err = err_.get(), .inherited = {}}) {
  child_.on_end([this](ExitStatus status) { status_ = status; });
}

std::string Program::out() const {
  return read_file(streams_.path() / "out");
}

std::string Program::err() const {
  return read_file(streams_.path() / "err");
}

void Program::signal(int number) const {
  ASSERT_FALSE(ended()) << "kdt has ended already";
  ASSERT_EQ(::kill(pid(), number), 0);
}

bool Program::wait_until(const std::function<bool()>& done, Deadline deadline) {
  for (;;) {
    if (done()) return true;
    if (status_ || deadline.passed()) return false;
    context_.run_one_until(std::min(deadline.at(), Clock::now() + k_look_again));
  }
}

Outcome Program::finish(Deadline deadline) {
  while (!status_ && !deadline.passed()) context_.run_one_until(deadline.at());
  Outcome outcome{.status = status_.value_or(ExitStatus{.code = -1}), .seconds = Clock::now() - begin_};
  outcome.out = out();
  outcome.err = err();
  EXPECT_TRUE(status_.has_value()) << "kdt did not end in time\n" << outcome.out << outcome.err;
  if (!status_) child_.kill_group(SIGKILL);
  return outcome;
}

Outcome run_kdt(const Place& place, const std::vector<std::string>& arguments, Clock::duration budget,
                const std::map<std::string, std::string>& environment) {
  return Program(place, arguments, environment).finish(Deadline::after(budget));
}

bool eventually(const std::function<bool()>& done, Deadline deadline) {
  while (!done()) {
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(k_look_again);
  }
  return true;
}

std::map<int, std::string> emulators_of(int pid) {
  std::map<int, std::string> found;
  for (int child : children_of(pid)) {
    auto words = words_of(child);
    if (words.starts_with(k_emulator) || words.find(fmt::format("/{} ", k_emulator)) < words.find(' ') + 1)
      found[child] = words;
  }
  return found;
}

} // namespace kdt::e2e

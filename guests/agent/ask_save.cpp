#include "asks.hpp"
#include "child.hpp"
#include "dump_target.hpp"
#include "readings.hpp"
#include "system.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kdt::agent {

namespace {

constexpr std::size_t k_most_save_output = std::size_t{8} * 1024;

constexpr std::size_t k_most_said = 200; // of it on the console

std::uint64_t position_of(const Fd& fd) {
  return static_cast<std::uint64_t>(lseek(fd.get(), 0, SEEK_CUR));
}

/// A drive is there already; a file of a mounted target is made.
Fd open_first(const DumpTarget& target) {
  return open_file(target.files()[0], O_WRONLY | O_CREAT);
}

protocol::SaveAnswer run_makedumpfile(const Session& session, const protocol::SaveAsk& ask, DumpTarget& target) {
  const bool to_stdout = ask.format == "flattened";
  const auto argv = makedumpfile_argv(ask, target.files(), static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)));
  // The child inherits this very open file, so its offset tells how far the child has come.
  Fd out = to_stdout ? open_first(target) : Fd{};
  MakedumpfileProgress progress;
  const ChildEnd end = run_child(argv, out.get(), [&](std::string_view piece) {
    const auto step = progress.feed(piece);
    if (!step) return;
    const auto bytes = to_stdout ? position_of(out) : target.written();
    session.progress({.id = 0, .done = step->per_mille, .total = 1000, .what = step->what, .bytes = bytes});
  });
  protocol::SaveAnswer answer;
  answer.exit_status = end.exit_status;
  answer.output = tail_of(settled(end.output), k_most_save_output);
  const auto streamed = to_stdout ? position_of(out) : 0;
  out = Fd{}; // else it could not be unmounted
  const auto length = target.finish();
  answer.bytes = to_stdout ? streamed : length;
  return answer;
}

protocol::SaveAnswer copy_vmcore(const Session& session, DumpTarget& target) {
  constexpr double k_seconds_between_reports = 0.5;
  protocol::SaveAnswer answer;
  const Fd from = open_file("/proc/vmcore", O_RDONLY);
  Fd to = open_first(target);
  struct stat vmcore {};
  fstat(from.get(), &vmcore);
  std::string buffer(std::size_t{1} << 20, '\0');
  double reported = 0;
  // That the vmcore cannot be read or the target is full is what the experiment shows, so it is part of the answer.
  const auto broke = [&](const std::string& act) {
    answer.exit_status = 1;
    answer.output = act + " at " + std::to_string(answer.bytes) + ": " + std::strerror(errno) + "\n";
  };
  for (;;) {
    const ssize_t got = read(from.get(), buffer.data(), buffer.size());
    if (got < 0) broke("cannot read /proc/vmcore");
    if (got <= 0) break;
    try {
      write_all(to.get(), {buffer.data(), static_cast<std::size_t>(got)}, target.files()[0]);
    } catch (const Trouble&) {
      broke("cannot write to " + target.files()[0]);
      break;
    }
    answer.bytes += static_cast<std::uint64_t>(got);
    if (uptime() - reported < k_seconds_between_reports) continue;
    reported = uptime();
    session.progress({.id = 0,
                      .done = answer.bytes,
                      .total = static_cast<std::uint64_t>(vmcore.st_size),
                      .what = "Copying /proc/vmcore",
                      .bytes = answer.bytes});
  }
  to = Fd{};
  target.finish();
  return answer;
}

} // namespace

protocol::SaveAnswer save(const Session& session, const protocol::SaveAsk& ask) {
  if (!session.capture) throw Trouble("there is no /proc/vmcore: this is not a capture kernel");
  if (ask.split == 0 || (ask.split > 1 && ask.format != "kdump"))
    throw protocol::ShapeError("a dump of format " + ask.format + " is not split");
  const double before = uptime();
  DumpTarget target(ask.target, ask.split);
  protocol::SaveAnswer answer =
      ask.format == "copy" ? copy_vmcore(session, target) : run_makedumpfile(session, ask, target);
  answer.seconds = uptime() - before;
  if (answer.exit_status == 0)
    say(std::string(protocol::marker::saved) + " " + std::to_string(answer.bytes) + " bytes in " +
        std::to_string(answer.seconds) + " s");
  else
    say(std::string(protocol::marker::save_failed) + ": exit status " + std::to_string(answer.exit_status) + ": " +
        tail_of(answer.output, k_most_said));
  return answer;
}

Reply serve_save(const Session& session, const protocol::Json& arguments) {
  return {protocol::encode(save(session, protocol::decode<protocol::SaveAsk>(arguments, "save"))), {}};
}

} // namespace kdt::agent

#include "asks.hpp"
#include "child.hpp"
#include "drives.hpp"
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

std::uint64_t size_of_vmcore() {
  struct stat vmcore {};
  return stat("/proc/vmcore", &vmcore) == 0 ? static_cast<std::uint64_t>(vmcore.st_size) : 0;
}

protocol::SaveAnswer run_makedumpfile(const Session& session, const protocol::SaveAsk& ask, DumpTarget& target) {
  const bool to_stdout = ask.format == "flattened";
  const auto page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const auto argv = makedumpfile_argv(ask, target.files(), page_size);
  const int out = to_stdout ? target.stream() : -1;
  MakedumpfileProgress progress;
  const auto listen = [&](std::string_view piece) {
    const auto step = progress.feed(piece);
    if (!step) return;
    const auto bytes = to_stdout ? target.streamed() : target.written();
    session.progress({.id = 0, .done = step->per_mille, .total = 1000, .what = step->what, .bytes = bytes});
  };
  const ChildEnd end = run_child(argv, out, listen, makedumpfile_environment(ask, page_size));
  protocol::SaveAnswer answer;
  answer.exit_status = end.exit_status;
  answer.output = tail_of(settled(end.output), k_most_save_output);
  answer.bytes = target.finish().value_or(0);
  return answer;
}

protocol::SaveAnswer copy_vmcore(const Session& session, DumpTarget& target) {
  constexpr double k_seconds_between_reports = 0.5;
  protocol::SaveAnswer answer;
  const Fd from = open_file("/proc/vmcore", O_RDONLY);
  const int to = target.stream(true); // of /proc/vmcore everything is whole pages, its headers, too
  const auto total = size_of_vmcore();
  const auto piece = make_direct_piece();
  double reported = 0;
  // That the vmcore cannot be read or the target is full is what the experiment shows, so it is part of the answer.
  const auto broke = [&](const std::string& act) {
    answer.exit_status = 1;
    answer.output = act + " at " + std::to_string(answer.bytes) + ": " + std::strerror(errno) + "\n";
  };
  for (;;) {
    const ssize_t got = read(from.get(), piece.get(), k_direct_piece);
    if (got < 0) broke("cannot read /proc/vmcore");
    if (got <= 0) break;
    try {
      write_all(to, {piece.get(), static_cast<std::size_t>(got)}, "the target");
    } catch (const Trouble&) {
      broke("cannot write to the target");
      break;
    }
    answer.bytes += static_cast<std::uint64_t>(got);
    if (uptime() - reported < k_seconds_between_reports) continue;
    reported = uptime();
    session.progress(
        {.id = 0, .done = answer.bytes, .total = total, .what = "Copying /proc/vmcore", .bytes = answer.bytes});
  }
  answer.bytes = target.finish().value_or(answer.bytes);
  return answer;
}

} // namespace

protocol::SaveAnswer save(const Session& session, const protocol::SaveAsk& ask) {
  if (!session.capture) throw Trouble("there is no /proc/vmcore: this is not a capture kernel");
  if (ask.split == 0 || (ask.split > 1 && ask.format != "kdump"))
    throw protocol::ShapeError("a dump of format " + ask.format + " is not split");
  const double before = uptime();
  if (ask.target.kind == "ssh" && ask.format != "flattened" && ask.format != "copy")
    throw protocol::ShapeError("a dump of format " + ask.format + " is no stream");
  DumpTarget target(ask.target, ask.split);
  protocol::SaveAnswer answer =
      ask.format == "copy" ? copy_vmcore(session, target) : run_makedumpfile(session, ask, target);
  if (!target.trouble().empty()) {
    if (answer.exit_status == 0) answer.exit_status = 1;
    answer.output += target.trouble();
  }
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

#include "cli/attached_machine.hpp"

#include "base/file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace kdt::cli {

namespace {
/// Colours off, cursor on: whatever the guest left.
constexpr std::string_view k_calm = "\x1b[0m\x1b[?25h\r\n";
} // namespace

AttachedMachine::AttachedMachine(std::unique_ptr<machine::Machine> inner, int in, int out, std::function<void()> leave)
    : inner_(std::move(inner)), in_(in), out_(out), leave_(std::move(leave)) {}

AttachedMachine::~AttachedMachine() {
  detach();
}

void AttachedMachine::start() {
  inner_->start();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(Blame::infra, "cannot make a pipe: {}", errno_text(errno));
  woken_ = UniqueFd(ends[0]);
  wake_ = UniqueFd(ends[1]);
  raw_.emplace(in_);
  keyboard_ = std::thread([this] { read_keys(); });
}

machine::Event AttachedMachine::next_event(Deadline deadline) {
  auto event = inner_->next_event(deadline);
  if (const auto* output = std::get_if<machine::ConsoleOutput>(&event)) write_all(out_, output->bytes, "the terminal");
  return event;
}

void AttachedMachine::read_keys() {
  for (;;) {
    pollfd waits[] = {{.fd = woken_.get(), .events = POLLIN, .revents = 0},
                      {.fd = in_, .events = POLLIN, .revents = 0}};
    if (::poll(waits, 2, -1) < 0) continue; // a signal
    if (waits[0].revents != 0) return;
    char keys[4096];
    auto got = ::read(in_, keys, sizeof keys);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return; // nobody types any more; the console is still shown
    std::string_view typed(keys, static_cast<std::size_t>(got));
    auto leave = typed.find(k_leave_key);
    if (leave > 0) inner_->type(std::string(typed.substr(0, leave)));
    if (leave == std::string_view::npos) continue;
    leave_();
    return;
  }
}

void AttachedMachine::detach() {
  if (!keyboard_.joinable()) return;
  write_all(wake_.get(), "x", "a pipe");
  keyboard_.join();
  raw_.reset();
  if (::isatty(out_) == 1) write_all(out_, k_calm, "the terminal");
}

void AttachedMachine::stop() {
  detach();
  inner_->stop();
}

} // namespace kdt::cli

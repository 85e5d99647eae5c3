#pragma once

#include "base/unique_fd.hpp"

#include <optional>
#include <termios.h>

namespace kdt::cli {

/// Keys go through as they are typed, Ctrl-C too, as long as this lives; what is no terminal stays as it is. The
/// terminal is what it was afterwards, however this process ends: should it be killed, a small child puts it right.
class RawTerminal {
public:
  explicit RawTerminal(int fd);
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
  ~RawTerminal();

private:
  void start_guard();

  int fd_;
  std::optional<termios> before_; ///< nullopt: no terminal
  UniqueFd alive_;                ///< closed when this process has ended: the guard waits for that
  int guard_ = -1;
};

} // namespace kdt::cli

#pragma once

#include <stop_token>
#include <thread>

namespace kdt::cli {

/// Turns the first SIGINT or SIGTERM into a stop request; a second one ends the process at once with status 130 (the
/// kernel then ends its guests: they die with the threads that started them). Make it before any other thread.
class Signals {
public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  std::stop_token stop_token() const { return stop_.get_token(); }

private:
  void wait();
  std::stop_source stop_;
  std::jthread thread_;
};

} // namespace kdt::cli

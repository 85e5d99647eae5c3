#pragma once

#include "base/process.hpp"
#include "base/units.hpp"
#include "image/progress.hpp"

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

namespace kdt::image {

/// Runs the programs that build one entry: keeps their output in a log, tells the observer how far it is, and turns a
/// failure into one sentence. Not for: knowing what to build.
class BuildSteps {
public:
  /// log is created; it stays when a step fails, and the Error names it.
  BuildSteps(std::string subject, std::filesystem::path log, const Observer& observer, std::stop_token stop);

  /// Runs it to its end. `lines` is about how many lines with a build step in them it prints, 0 if unknown.
  /// Throws Error{infra} with the first line that looks like an error, or Interrupted.
  void run(const std::string& what, const Command& command, unsigned lines = 0);

  /// For what needs no program: tells the observer that it begins and ends.
  template <typename Act>
  void act(const std::string& what, Act&& step) {
    auto began = Clock::now();
    tell(what, began, std::nullopt, false);
    step();
    tell(what, began, 1.0, true);
  }

  const std::filesystem::path& log() const { return log_; }
  std::stop_token stop() const { return stop_; }

private:
  void tell(const std::string& what, Clock::time_point began, std::optional<double> fraction, bool done) const;

  std::string subject_;
  std::filesystem::path log_;
  const Observer& observer_;
  std::stop_token stop_;
};

/// The first line of a build's output that says why it failed; the last line when none looks like an error.
std::string first_error(std::string_view output);

/// Whether this is what programs say when the host is short of disk space or memory: not the fault of what they
/// compile.
bool is_shortage(std::string_view error);

/// Throws Error{infra} unless the file system that holds `place` has so much room; says how to make some.
void require_space(const std::filesystem::path& place, ByteSize needed, const std::string& purpose);

} // namespace kdt::image

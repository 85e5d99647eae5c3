#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace kdt {

/// Whose fault something is: the guest's kernel, a guest tool, our host and kdt itself, or the caller's input.
enum class Blame { kernel, tool, infra, usage };

/// The word used in YAML and JSON: kernel, tool, infra, usage.
std::string_view to_string(Blame blame);
/// The reverse of to_string; throws Error{usage} for another word.
Blame blame_from(std::string_view word);

/// What we could not do, said once: names the object, the act and the cause. An experiment's outcome is never an Error.
class Error : public std::runtime_error {
public:
  Error(Blame blame, const std::string& sentence) : std::runtime_error(sentence), blame_(blame) {}

  template <typename... Args>
  Error(Blame blame, fmt::format_string<Args...> format, Args&&... args)
      : std::runtime_error(fmt::format(format, std::forward<Args>(args)...)), blame_(blame) {}

  Blame blame() const { return blame_; }

private:
  Blame blame_;
};

/// Thrown by any wait when the user asked kdt to stop (Ctrl-C, --fail-fast); it is not an Error: nobody is to blame.
class Interrupted : public std::exception {
public:
  const char* what() const noexcept override { return "interrupted"; }
};

/// The text of an errno value, without the thread-unsafe strerror.
std::string errno_text(int error);

namespace detail {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}

} // namespace kdt

/// Our own bug: on in every build, prints the expression and aborts.
#define KDT_ASSERT(expression)                                                                                         \
  ((expression) ? static_cast<void>(0) : ::kdt::detail::assertion_failed(#expression, __FILE__, __LINE__))

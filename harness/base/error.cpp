#include "base/error.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <system_error>

namespace kdt {

namespace {
constexpr std::array<std::pair<Blame, std::string_view>, 4> k_blames{{
    {Blame::kernel, "kernel"},
    {Blame::tool, "tool"},
    {Blame::infra, "infra"},
    {Blame::usage, "usage"},
}};
}

std::string_view to_string(Blame blame) {
  for (const auto& [value, word] : k_blames)
    if (value == blame) return word;
  KDT_ASSERT(!"unknown blame");
}

Blame blame_from(std::string_view word) {
  for (const auto& [value, name] : k_blames)
    if (name == word) return value;
  throw Error(Blame::usage, "'{}' is not a blame (kernel, tool, infra, usage)", word);
}

std::string errno_text(int error) {
  return std::generic_category().message(error);
}

namespace detail {
void assertion_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "kdt: bug: %s does not hold (%s:%d)\n", expression, file, line);
  std::abort();
}
} // namespace detail

} // namespace kdt

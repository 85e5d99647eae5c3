#include "model/verdict.hpp"

#include "base/error.hpp"

namespace kdt {

namespace {
constexpr std::array<std::string_view, 6> k_verdict_words{"pass", "fail", "xfail", "xpass", "error", "skip"};
constexpr std::array<std::string_view, 8> k_phase_words{"prepare", "boot",    "load", "probe",
                                                        "trigger", "capture", "save", "verify"};

template <typename Enum, std::size_t N>
Enum from_word(const std::array<std::string_view, N>& words, std::string_view word, std::string_view what) {
  for (std::size_t i = 0; i < N; ++i)
    if (words[i] == word) return static_cast<Enum>(i);
  throw Error(Blame::usage, "'{}' is not a {}", word, what);
}
} // namespace

std::string_view to_string(Verdict verdict) {
  return k_verdict_words.at(static_cast<std::size_t>(verdict));
}
std::string_view to_string(Phase phase) {
  return k_phase_words.at(static_cast<std::size_t>(phase));
}
Verdict verdict_from(std::string_view word) {
  return from_word<Verdict>(k_verdict_words, word, "verdict");
}
Phase phase_from(std::string_view word) {
  return from_word<Phase>(k_phase_words, word, "phase");
}

} // namespace kdt

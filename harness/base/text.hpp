#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt {

/// Pieces between separators, empty ones kept: split("a,,b", ',') is {"a", "", "b"}.
std::vector<std::string> split(std::string_view text, char separator);

/// Without white space at both ends.
std::string_view trim(std::string_view text);

/// The candidate that a person most likely meant by word; nullopt when none is near (edit distance over a third).
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

/// " (did you mean 'memory'?)" or, when nothing is near, " (known: a, b, c)"; ready to end a sentence with.
std::string suggestion(std::string_view word, const std::vector<std::string>& candidates);

/// Shell-style match: * any run, ? any one character; the whole text must match.
bool glob_matches(std::string_view pattern, std::string_view text);

/// Shows control characters (bidi ones, too) and invalid UTF-8 as bytes: no guest drives a terminal or breaks JSON.
std::string printable(std::string_view bytes);

/// One word for a POSIX shell, quoted only if it must be.
std::string shell_quoted(std::string_view word);

} // namespace kdt

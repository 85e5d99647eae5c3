#pragma once

#include "base/error.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace kdt::console {

/// What kind of trouble a console line, or a line that a tool in the guest printed, tells of.
struct LineClass {
  /// Who prints it. A kernel that stamps its lines with the time stamps all of them; what carries none is not its own.
  enum class Origin { kernel, tool };
  /// fault: the kernel complains of itself, and a cell in which nobody asked for it fails. evidence: it may be harmless
  /// by itself, or the host's doing, and explains what else went wrong.
  enum class Standing { fault, evidence };

  std::string_view name;
  Origin origin;
  Standing standing;
  Blame blame;                   ///< whose doing it usually is
  std::string_view meaning;      ///< a clause: "the kernel ran out of memory"
  std::string_view cause;        ///< what usually leads to it, a clause
  std::string_view source;       ///< where the words come from
  std::string_view patterns;     ///< globs over the line without its timestamp, one a line
  std::string_view unrecorded{}; ///< why no log of the corpus holds it; empty: one does
};

/// All classes, the most telling first: of several that a guest shows, the first one names the cause.
std::span<const LineClass> line_classes();

/// The first class that a line without its timestamp is of; nullptr: it is innocent.
const LineClass* classify(std::string_view line, LineClass::Origin origin);

/// The most telling class among lines that a tool printed; nullptr when all are innocent.
const LineClass* classify_output(std::string_view output);

} // namespace kdt::console

#pragma once

#include "base/error.hpp"
#include "model/verdict.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kdt {

/// A difference between what should be and what was seen, or something that went wrong.
struct Finding {
  std::string code{}; ///< an entry of finding_codes()
  Blame blame = Blame::kernel;
  Phase phase = Phase::prepare;
  std::string text{};                  ///< one sentence
  std::vector<std::string> evidence{}; ///< console lines, values, file names in the cell directory
};

/// What a code means; `kdt explain` and the reports print it.
struct FindingCode {
  std::string_view code;
  Blame blame; ///< the usual one; a finding may carry another
  Phase phase;
  std::string_view meaning; ///< one sentence
  std::string_view causes;  ///< the usual ones
  std::string_view next;    ///< what to do or look at
};

std::span<const FindingCode> finding_codes();

/// nullptr when there is no such code.
const FindingCode* find_code(std::string_view code);

/// A finding with the code's usual blame and phase; asserts that the code is known.
Finding make_finding(std::string_view code, std::string text, std::vector<std::string> evidence = {});

} // namespace kdt

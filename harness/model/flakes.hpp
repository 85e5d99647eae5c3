#pragma once

#include "model/result.hpp"

#include <map>
#include <string>
#include <vector>

namespace kdt {

/// How many of so many, and between which shares the true one lies with a confidence of 95 %: Wilson's score interval
/// (E. B. Wilson, "Probable inference", JASA 22, 1927), which is sound for few tries and for none of them.
struct Share {
  int count = 0;
  int of = 0;

  double low() const;  ///< 0 to 1; 0 when of is 0
  double high() const; ///< 0 to 1; 1 when of is 0
};

/// "failed 2 of 20: 10 % (2.8 to 30.1 %)"'s figures: "2 of 20: 10 % (2.8 to 30.1 %)"; "0 of 0" without a share.
std::string to_string(const Share& share);

/// One experiment that ran several times. What the kernel did and what our infrastructure did are counted apart: a
/// try that ended with verdict error says nothing about the kernel.
struct Repeats {
  std::string cell{}; ///< the id of its first cell
  int runs = 0;       ///< cells
  Share failed{};     ///< fail and xpass among the cells that were judged: neither errors nor skips
  Share infra{};      ///< tries that our infrastructure lost, those of --retry-infra too, among all tries
  std::map<std::string, int> codes{}; ///< how many of the red cells have this finding as their cause

  /// Judged both ways.
  bool flaky() const { return failed.count > 0 && failed.count < failed.of; }
};

/// The experiments of these cells that ran more than once, in their order.
std::vector<Repeats> repeats_of(const std::vector<CellResult>& cells);

/// Of cells that are all one experiment's.
Repeats count_repeats(const std::vector<const CellResult*>& cells);

} // namespace kdt

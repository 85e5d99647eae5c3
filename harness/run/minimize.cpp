#include "run/minimize.hpp"

#include "base/error.hpp"
#include "matrix/parameters.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace kdt::run {

namespace {

/// Indices into the list of all differences.
using Set = std::set<std::size_t>;

Set join(const Set& a, const Set& b) {
  Set both = a;
  both.insert(b.begin(), b.end());
  return both;
}

Set without(const Set& a, const Set& b) {
  Set rest;
  std::ranges::set_difference(a, b, std::inserter(rest, rest.end()));
  return rest;
}

/// Into n parts of about the same size, none empty.
std::vector<Set> parts_of(const Set& whole, std::size_t n) {
  std::vector<Set> parts(n);
  std::size_t i = 0;
  for (auto index : whole) parts[i++ * n / whole.size()].insert(index);
  return parts;
}

/// The search: `failing_` is set as in the passing cell and still fails, `passing_` (more of it) passes.
class Search {
public:
  Search(const std::vector<Difference>& all, int most_tries, const Try& attempt)
      : all_(all), tries_left_(most_tries), attempt_(attempt) {
    for (std::size_t i = 0; i < all.size(); ++i) passing_.insert(i);
    known_ = {{failing_, Outcome::fails}, {passing_, Outcome::passes}};
  }

  Minimum run() {
    std::size_t n = 2;
    while (delta().size() >= 2 && !out_of_tries_) {
      n = std::min(n, delta().size());
      if (narrow(n)) continue;
      if (n >= delta().size()) break; // no single difference more can be taken away
      n *= 2;
    }
    return {.as_passing = named(failing_), .differences = named(delta()), .out_of_tries = out_of_tries_};
  }

private:
  Set delta() const { return without(passing_, failing_); }

  /// One round over the parts; true when the two cells came nearer to each other, with n for the next round.
  bool narrow(std::size_t& n) {
    auto parts = parts_of(delta(), n);
    for (const auto& part : parts) {
      if (is(join(failing_, part), Outcome::passes)) return passing_ = join(failing_, part), n = 2, true;
      if (is(without(passing_, part), Outcome::fails)) return failing_ = without(passing_, part), n = 2, true;
    }
    for (const auto& part : parts) {
      if (is(join(failing_, part), Outcome::fails))
        return failing_ = join(failing_, part), n = std::max<std::size_t>(n - 1, 2), true;
      if (is(without(passing_, part), Outcome::passes))
        return passing_ = without(passing_, part), n = std::max<std::size_t>(n - 1, 2), true;
    }
    return false;
  }

  bool is(const Set& set, Outcome outcome) {
    auto known = known_.find(set);
    if (known == known_.end()) {
      if (tries_left_ <= 0) return out_of_tries_ = true, false;
      --tries_left_;
      known = known_.emplace(set, attempt_(named(set))).first;
    }
    return known->second == outcome;
  }

  std::vector<Difference> named(const Set& set) const {
    std::vector<Difference> list;
    for (auto index : set) list.push_back(all_[index]);
    return list;
  }

  const std::vector<Difference>& all_;
  int tries_left_;
  const Try& attempt_;
  Set failing_;
  Set passing_;
  std::map<Set, Outcome> known_;
  bool out_of_tries_ = false;
};

} // namespace

std::vector<Difference> differences(const CellParameters& failing, const CellParameters& passing) {
  std::vector<Difference> list;
  for (const auto& parameter : matrix::parameters())
    if (auto fails = parameter.get(failing), passes = parameter.get(passing); fails != passes)
      list.push_back({std::string(parameter.name), fails, passes});
  return list;
}

CellParameters with_passing(const CellParameters& failing, const std::vector<Difference>& differences) {
  auto cell = failing;
  for (const auto& difference : differences) {
    auto complaint = matrix::find_parameter(difference.parameter)->set(cell, difference.passing);
    KDT_ASSERT(!complaint); // it is what get() said
  }
  return cell;
}

Minimum minimize(const std::vector<Difference>& all, int most_tries, const Try& attempt) {
  return Search(all, most_tries, attempt).run();
}

} // namespace kdt::run

#include "matrix/selection.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "matrix/derive.hpp"
#include "matrix/matcher.hpp"
#include "matrix/parameters.hpp"

#include <algorithm>
#include <functional>
#include <set>

namespace kdt::matrix {

namespace {
using Predicate = std::function<bool(std::size_t cell)>;

/// A value that is worth naming in a suggestion; long lists help nobody.
constexpr std::size_t k_most_suggestions = 40;

bool is_glob(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

std::string normal(const std::string& text) {
  if (text == "true" || text == "yes") return "on";
  if (text == "false" || text == "no") return "off";
  return text;
}

/// Turns terms into predicates over one list of cells.
class Selector {
public:
  Selector(const std::vector<Cell>& cells, const KernelFacts& kernels) : cells_(cells), kernels_(kernels) {}

  /// Which cells a term picks; throws when it is wrong or picks none.
  std::vector<bool> pick(const std::string& option, const std::string& term) {
    auto equals = term.find('=');
    bool by_id = term.find('/') != std::string::npos || equals == std::string::npos || is_glob(term.substr(0, equals));
    auto holds = by_id ? by_glob(term) : by_name(option, term.substr(0, equals), term.substr(equals + 1));
    std::vector<bool> picked;
    for (std::size_t i = 0; i < cells_.size(); ++i) picked.push_back(holds(i));
    if (std::ranges::find(picked, true) == picked.end()) throw nothing(option, term, by_id);
    return picked;
  }

private:
  Error nothing(const std::string& option, const std::string& term, bool by_id) const {
    std::vector<std::string> ids;
    for (const auto& cell : cells_)
      if (ids.size() < k_most_suggestions) ids.push_back(cell.id);
    auto near = by_id ? nearest(term, ids) : std::nullopt;
    return {Blame::usage, fmt::format("{} '{}': no cell matches{}", option, term,
                                      near ? fmt::format(" (did you mean '{}'?)", *near) : "")};
  }

  Predicate by_glob(const std::string& glob) const {
    return
        [this, glob](std::size_t i) { return glob_matches(glob, cells_[i].id) || glob_matches(glob, cells_[i].slug); };
  }

  Predicate by_name(const std::string& option, const std::string& name, const std::string& text) {
    if (const auto* parameter = find_parameter(name)) {
      for (const auto& cell : cells_) values_.push_back(parameter->get(cell.parameters));
      auto wanted = pieces(option, name, text, [&](const std::string& piece) {
        return is_glob(piece) ? piece : canonical(*parameter, piece).value_or(piece);
      });
      return one_of(std::move(wanted));
    }
    read_facts(option, name);
    const auto* known = find_name(name);
    bool compares = text.find_first_of("<>!") == 0 || (known != nullptr && known->type == NameType::version);
    if (known != nullptr && compares) return by_matcher(option, text, *known);
    for (auto& value : values_) value = normal(value);
    return one_of(pieces(option, name, text, [&](const std::string& piece) {
      return known != nullptr && known->type == NameType::boolean ? normal(piece) : fact_text(piece);
    }));
  }

  /// A size or a number in the notation of to_string(Value).
  static std::string fact_text(const std::string& piece) {
    auto size = parse_byte_size(piece);
    return size ? std::to_string(size->bytes) : normal(piece);
  }

  void read_facts(const std::string& option, const std::string& name) {
    std::set<std::string> names;
    for (const auto& cell : cells_) {
      auto kernel = kernels_.find(cell.parameters.kernel);
      facts_.push_back(derive(cell.parameters, kernel == kernels_.end() ? Facts{} : kernel->second));
      const auto* value = find(facts_.back(), name);
      values_.push_back(value == nullptr ? "" : to_string(*value));
      if (facts_.size() <= k_most_suggestions)
        for (const auto& [fact, unused] : facts_.back()) names.insert(fact);
    }
    bool known = std::ranges::any_of(values_, [](const std::string& value) { return !value.empty(); });
    if (known) return;
    auto candidates = parameter_names();
    candidates.insert(candidates.end(), names.begin(), names.end());
    throw Error(Blame::usage, "{}: there is no axis or fact '{}'{}", option, name, suggestion(name, candidates));
  }

  Predicate by_matcher(const std::string& option, const std::string& text, const Name& name) {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.text = text;
    if (text.find_first_of("<>!=") != 0 && text.find(',') != std::string::npos) {
      node = YamlNode{};
      node.kind = YamlNode::Kind::list;
      for (const auto& piece : split(text, ',')) {
        YamlNode item;
        item.kind = YamlNode::Kind::scalar;
        item.text = piece;
        node.items.push_back(item);
      }
    }
    auto file = YamlFile::parse(option, "");
    auto matcher = Matcher::parse(file, node, name);
    return [this, matcher](std::size_t i) { return matcher.matches(View{facts_[i]}) == Answer::yes; };
  }

  /// The comma-separated values, each in the notation of values_; the longest run of pieces that some cell has is one
  /// value.
  template <typename Canonical>
  std::vector<std::string> pieces(const std::string& option, const std::string& name, const std::string& text,
                                  Canonical canonical_text) {
    std::set<std::string> known(values_.begin(), values_.end());
    auto words = split(text, ',');
    std::vector<std::string> wanted;
    for (std::size_t at = 0; at < words.size();) {
      std::size_t taken = 0;
      for (std::size_t end = words.size(); end > at && taken == 0; --end) {
        std::string candidate;
        for (std::size_t i = at; i < end; ++i) candidate += (i == at ? "" : ",") + words[i];
        // An id writes the words of a command line with '+' between them.
        std::string spaced = candidate;
        std::ranges::replace(spaced, '+', ' ');
        for (const auto& value : {canonical_text(candidate), canonical_text(spaced)}) {
          bool has = is_glob(value)
                         ? std::ranges::any_of(known, [&](const std::string& one) { return glob_matches(value, one); })
                         : known.contains(value);
          if (!has || taken != 0) continue;
          wanted.push_back(value);
          taken = end - at;
        }
      }
      if (taken == 0) throw unknown_value(option, name, words[at], known);
      at += taken;
    }
    return wanted;
  }

  static Error unknown_value(const std::string& option, const std::string& name, const std::string& word,
                             const std::set<std::string>& known) {
    std::vector<std::string> candidates;
    for (const auto& value : known)
      if (candidates.size() < k_most_suggestions && !value.empty()) candidates.push_back(value);
    return {Blame::usage, fmt::format("{}: no cell has {} '{}'{}", option, name, word, suggestion(word, candidates))};
  }

  Predicate one_of(std::vector<std::string> wanted) {
    return [this, wanted = std::move(wanted)](std::size_t i) {
      return std::ranges::any_of(wanted, [&](const std::string& value) {
        return is_glob(value) ? glob_matches(value, values_[i]) : value == values_[i];
      });
    };
  }

  const std::vector<Cell>& cells_;
  const KernelFacts& kernels_;
  std::vector<std::string> values_; ///< of each cell, of the name that the term is about
  std::vector<Facts> facts_;        ///< of each cell, when the term is about a fact
};
} // namespace

std::vector<Cell> select(std::vector<Cell> cells, const Selection& selection, const KernelFacts& kernels) {
  std::vector<bool> keep(cells.size(), true);
  auto narrow = [&](const std::string& option, const std::vector<std::string>& terms, bool wanted) {
    for (const auto& term : terms) {
      auto picked = Selector(cells, kernels).pick(option, term);
      for (std::size_t i = 0; i < cells.size(); ++i) keep[i] = keep[i] && picked[i] == wanted;
    }
  };
  narrow("--only", selection.only, true);
  narrow("--skip", selection.skip, false);
  std::vector<Cell> kept;
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (keep[i]) kept.push_back(std::move(cells[i]));
  if (kept.empty()) throw Error(Blame::usage, "the selection leaves no cell");
  return kept;
}

} // namespace kdt::matrix

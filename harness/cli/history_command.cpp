#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/history_text.hpp"
#include "cli/results.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace kdt::cli {

namespace {

constexpr std::size_t k_all = 100000; // cells of one experiment: every minute for two months

struct HistoryArguments {
  std::string which;
  std::size_t last = 10;
  bool json = false;
};

/// Eight hexadecimal digits or more.
bool looks_like_fingerprint(const std::string& word) {
  return word.size() >= 8 && word.size() <= 64 && word.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// What the word names: an experiment, those that match it, or those that have this text in them.
std::vector<std::string> experiments_named(const std::string& word, const std::vector<std::string>& known) {
  if (word.empty()) return known;
  auto id = experiment_id(word);
  if (std::ranges::find(known, id) != known.end()) return {id};
  std::vector<std::string> named;
  bool pattern = word.find_first_of("*?") != std::string::npos;
  for (const auto& each : known)
    if (pattern ? glob_matches(word, each) : each.find(word) != std::string::npos) named.push_back(each);
  if (named.empty())
    throw Error(Blame::usage, "no cell '{}' was recorded on this host{}", printable(word),
                known.size() <= 8 || nearest(word, known) ? suggestion(word, known) : "; ./kdt history lists all");
  return named;
}

void print_json(const std::vector<run::PastCell>& cells, bool& first) {
  for (const auto& cell : cells) {
    fmt::print("{}{}", first ? "" : ",\n",
               history_json(cell).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    first = false;
  }
}

int history_action(const HistoryArguments& arguments) {
  run::History history(history_file());
  auto known = history.experiments();
  if (known.empty()) {
    if (arguments.json) fmt::print("[\n]\n");
    fmt::print(stderr, "kdt: no run was recorded on this host yet\n");
    return 0;
  }
  std::vector<PastExperiment> found;
  if (looks_like_fingerprint(arguments.which))
    found = past_experiments(history.cells_with_fingerprint(arguments.which, k_all));
  if (found.empty())
    for (const auto& each : experiments_named(arguments.which, known))
      std::ranges::move(past_experiments(history.cells(each, k_all)), std::back_inserter(found));
  // A list of everything would be long: a line of figures and the newest cell of each say what there is.
  auto most = arguments.which.empty() ? 1 : arguments.last;
  bool first = true;
  if (arguments.json) fmt::print("[\n");
  for (auto& experiment : found) {
    if (!arguments.json) {
      fmt::print("{}", history_text(experiment, most));
      continue;
    }
    if (experiment.cells.size() > most) experiment.cells.resize(most);
    print_json(experiment.cells, first);
  }
  if (arguments.json) fmt::print("\n]\n");
  return 0;
}

} // namespace

Action register_history(CLI::App& app, const Context&) {
  auto arguments = std::make_shared<HistoryArguments>();
  app.add_option(
      "CELL", arguments->which,
      "a cell's id, a part of one, a pattern with * and ?, or the first digits of a fingerprint; without it, "
      "every cell that ran on this host");
  app.add_option("--last", arguments->last, "of each cell of a matrix, so many of the newest")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_flag("--json", arguments->json, "a JSON array, a past cell a line");
  app.footer("Every run is recorded when it ends, in $KDT_HISTORY or else $XDG_CACHE_HOME/kdt/history.sqlite.\n\n"
             "Examples:\n"
             "  ./kdt history kernel=v6.1-dma/rodata=on\n"
             "  ./kdt history 'kernel=v6.1-*' --last 30\n"
             "  ./kdt history rodata=on --json");
  return [arguments] { return history_action(*arguments); };
}

} // namespace kdt::cli

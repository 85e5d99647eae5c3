#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "cli/again.hpp"
#include "cli/backend.hpp"
#include "cli/cell_place.hpp"
#include "cli/command.hpp"
#include "cli/doctor.hpp"
#include "cli/kernel_again.hpp"
#include "cli/results.hpp"
#include "matrix/expand.hpp"
#include "matrix/limits.hpp"
#include "run/host.hpp"
#include "run/journal.hpp"
#include "run/minimize.hpp"
#include "run/run_directory.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace kdt::cli {

namespace {

using run::Difference;
using run::Outcome;

constexpr const char* k_minimize_help =
    "Each try is a run of one cell. Exit status: 0 a smallest difference was found, 1 there is none to be found.\n\n"
    "Examples:\n"
    "  ./kdt minimize 'kernel=v6.1-dma/rodata=full'\n"
    "  ./kdt minimize 'kernel=v6.1-dma/rodata=full' --run runs/nightly --against 'kernel=v6.1-dma/rodata=on' --tries "
    "12";

struct MinimizeArguments {
  std::string cell;
  std::string run;
  std::string against;
  std::string out;
  int tries = 24;
  BackendOptions backend{};
};

std::string values(const std::vector<Difference>& list, bool passing) {
  std::vector<std::string> words;
  for (const auto& difference : list)
    words.push_back(fmt::format("{}={}", difference.parameter, passing ? difference.passing : difference.failing));
  return printable(fmt::format("{}", fmt::join(words, " ")));
}

/// "fail (capture-timeout)"
std::string words_of(const CellResult& result) {
  const auto* finding = cause(result);
  if (expected(result.verdict) || finding == nullptr) return std::string(to_string(result.verdict));
  return fmt::format("{} ({})", to_string(result.verdict), printable(finding->code));
}

/// The cells of the run that passed and were judged by the same rules, the most similar first.
std::vector<CellPlace> passing_cells(const CellPlace& failing) {
  std::vector<CellPlace> cells;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(fs::absolute(failing.directory).parent_path(), ignored)) {
    if (!fs::exists(entry.path() / run::k_recipe_file, ignored) || !fs::exists(entry.path() / "cell.json", ignored))
      continue;
    auto place = find_cell(entry.path().string(), "");
    if (place.result.verdict == Verdict::pass && place.recipe.rules.expectations == failing.recipe.rules.expectations)
      cells.push_back(std::move(place));
  }
  auto distance = [&](const CellPlace& place) {
    return run::differences(failing.result.cell.parameters, place.result.cell.parameters).size();
  };
  std::erase_if(cells, [&](const CellPlace& place) { return distance(place) == 0; }); // it failed once of many times
  std::ranges::sort(cells, {},
                    [&](const CellPlace& place) { return std::pair(distance(place), place.result.cell.id); });
  return cells;
}

/// The search for one failing cell: runs cells, and keeps what they showed.
class Minimizing {
public:
  Minimizing(const CellPlace& failing, const MinimizeArguments& arguments, const Context& context)
      : failing_(failing), context_(context), images_(default_cache_directory(), context.repository),
        directory_(arguments.out), tries_left_(arguments.tries),
        backend_(make_backend(arguments.backend.or_as_before(failing.result.backend), directory_.filename().string(),
                              context.stop)),
        expectations_(run::read_expectations(failing.recipe.rules)),
        machine_(matrix::load_machine_type(context.repository / "matrices/machines/virt.yaml")) {
    kernels_[failing.recipe.kernel.name] = kernel_again(failing.recipe, images_, context.stop);
  }

  int run(const std::vector<CellPlace>& candidates);

private:
  std::optional<std::string> against(const CellPlace& passing);
  Outcome attempt(const std::vector<Difference>& all, const std::vector<Difference>& as_passing);
  CellResult run_cell(const Cell& cell);
  int end(const std::string& sentence, bool found);

  const CellPlace& failing_;
  const Context& context_;
  image::Images images_;
  fs::path directory_;
  int tries_left_;
  int number_ = 0; ///< of the try
  run::Backend backend_;
  run::Expectations expectations_;
  matrix::MachineType machine_;
  std::map<std::string, image::KernelImage> kernels_; ///< of the two cells
  std::string started_ = run::timestamp();
  std::vector<CellResult> tried_;
};

CellResult Minimizing::run_cell(const Cell& cell) {
  auto directory = directory_ / "cells" / cell.slug;
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  make_directories(directory);
  return run::run_cell(
      cell, {.kernel = kernels_.at(cell.parameters.kernel),
             .expectations = expectations_,
             .make_machine = backend_.make_machine,
             .accelerator = backend_.accelerator,
             .emulator_version = backend_.emulator_version,
             .directory = directory,
             .ssh_client = cell.parameters.dump.target == "ssh" ? images_.tree("ssh", context_.stop) : fs::path(),
             .timeout_scale = failing_.recipe.timeout_scale,
             .keep = run::Keep::none,
             .stop = context_.stop,
             .matrix = failing_.recipe.matrix,
             .kernel_options = failing_.recipe.kernel_options,
             .backend = backend_.name,
             .describe = backend_.describe});
}

Outcome Minimizing::attempt(const std::vector<Difference>& all, const std::vector<Difference>& as_passing) {
  Cell cell{.parameters = run::with_passing(failing_.result.cell.parameters, as_passing)};
  for (const auto& difference : all) {
    bool passes = std::ranges::find(as_passing, difference.parameter, &Difference::parameter) != as_passing.end();
    auto value = passes ? difference.passing : difference.failing;
    std::ranges::replace(value, ' ', '+');
    cell.axes.emplace_back(difference.parameter, value);
    cell.id += fmt::format("{}{}={}", cell.id.empty() ? "" : "/", difference.parameter, value);
  }
  cell.slug = matrix::slug_of(cell.id);
  --tries_left_;
  ++number_;
  if (auto refused = matrix::impossible(cell.parameters, kernels_.at(cell.parameters.kernel).facts, machine_)) {
    fmt::print("{:>3}         -  no guest can be that  {}\n", number_, printable(cell.id));
    return Outcome::other;
  }
  auto result = run_cell(cell);
  const auto* now = cause(result);
  const auto* then = cause(failing_.result);
  bool same = result.verdict == failing_.result.verdict && now != nullptr && then != nullptr && now->code == then->code;
  auto outcome = result.verdict == Verdict::pass ? Outcome::passes : same ? Outcome::fails : Outcome::other;
  fmt::print("{:>3} {:>7.2f} s  {:<22} {}\n", number_, result.seconds.count(), words_of(result), printable(cell.id));
  std::fflush(stdout);
  std::erase_if(tried_, [&](const CellResult& before) { return before.cell.id == cell.id; }); // its directory is new
  tried_.push_back(std::move(result));
  return outcome;
}

/// The answer for this passing cell; nullopt when it does not pass now.
std::optional<std::string> Minimizing::against(const CellPlace& passing) {
  auto all = run::differences(failing_.result.cell.parameters, passing.result.cell.parameters);
  kernels_.try_emplace(passing.recipe.kernel.name, passing.recipe.kernel);
  fmt::print("    passing:  {}\n", printable(passing.result.cell.id));
  if (attempt(all, all) != Outcome::passes) return std::nullopt;
  run::Try attempt_one = [&](const std::vector<Difference>& as_passing) { return attempt(all, as_passing); };
  auto found = run::minimize(all, std::max(0, tries_left_ - 2), attempt_one);
  auto passes = found.as_passing;
  passes.insert(passes.end(), found.differences.begin(), found.differences.end());
  bool far = found.differences.size() != all.size(); // else both ends have just been run
  if (far && (attempt(all, found.as_passing) != Outcome::fails || attempt(all, passes) != Outcome::passes))
    return "it is flaky: the two nearest cells did not show the same a second time";
  auto rest = found.as_passing.empty()
                  ? std::string("all else as in the failing cell")
                  : fmt::format("with {}, all else as in the failing cell", values(found.as_passing, true));
  return fmt::format("it fails with {} and passes with {}, {}{}", values(found.differences, false),
                     values(found.differences, true), rest,
                     found.out_of_tries ? " (there may be a smaller difference: more --tries)" : "");
}

int Minimizing::end(const std::string& sentence, bool found) {
  RunResult run{.run_id = directory_.filename().string(),
                .matrix = failing_.recipe.matrix,
                .kernel_options = failing_.recipe.kernel_options,
                .host = run::describe_host(backend_.emulator_version),
                .started = started_,
                .finished = run::timestamp(),
                .exit_status = exit_status(tried_),
                .cells = tried_,
                .directory = directory_.string()};
  std::vector<std::string> ids;
  for (const auto& cell : tried_) ids.push_back(cell.cell.id);
  run::Journal journal(directory_ / "journal.jsonl", run, ids);
  for (const auto& cell : tried_) journal.add(cell);
  journal.end(run);
  write_results(run, directory_, nullptr);
  fmt::print("\n{}: {}\nresults: {}\n", printable(failing_.result.cell.id), printable(sentence), directory_.string());
  return found ? 0 : 1;
}

int Minimizing::run(const std::vector<CellPlace>& candidates) {
  constexpr std::size_t k_candidates = 3;
  fmt::print("    failing:  {}: {}\n", printable(failing_.result.cell.id), words_of(failing_.result));
  auto all = run::differences(failing_.result.cell.parameters, candidates.front().result.cell.parameters);
  if (auto outcome = attempt(all, {}); outcome != Outcome::fails)
    return end(fmt::format("it is flaky: it was {}, and {} now; ./kdt run … --repeat 20 tells how often it fails",
                           words_of(failing_.result), words_of(tried_.back())),
               false);
  for (std::size_t i = 0; i < std::min(candidates.size(), k_candidates); ++i)
    if (auto answer = against(candidates[i])) return end(*answer, !answer->starts_with("it is flaky"));
  return end("the cells that passed do not pass any more: nothing can be said", false);
}

int minimize_action(MinimizeArguments& arguments, const Context& context) {
  auto failing = find_cell(arguments.cell, arguments.run);
  if (expected(failing.result.verdict) || failing.result.findings.empty())
    throw Error(Blame::usage, "{} is no red cell: it is {} there", printable(failing.result.cell.id),
                words_of(failing.result));
  auto run_directory = fs::absolute(failing.directory).parent_path().parent_path();
  auto candidates = arguments.against.empty()
                        ? passing_cells(failing)
                        : std::vector<CellPlace>{find_cell(
                              arguments.against, fs::is_directory(arguments.against) ? fs::path() : run_directory)};
  if (candidates.empty()) {
    fmt::print("{}: no other cell of that run passes, so there is nothing to compare it with; --against names one of "
               "another run by its directory\n",
               printable(failing.result.cell.id));
    return 1;
  }
  if (arguments.out.empty()) arguments.out = new_run_directory("minimize");
  run::require_free(arguments.out);
  require_able_host(context.repository);
  try {
    return Minimizing(failing, arguments, context).run(candidates);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(arguments.out, ignored);
    throw;
  }
}

} // namespace

Action register_minimize(CLI::App& app, const Context& context) {
  auto arguments = std::make_shared<MinimizeArguments>();
  app.footer(k_minimize_help);
  app.add_option("CELL", arguments->cell, "the id of a red cell, or its directory")->required();
  app.add_option("--run", arguments->run, "the run directory that has it (default: the last one in runs/ that has)");
  app.add_option(
      "--against", arguments->against,
      "the cell that passes, by its id in that run or its directory (default: the most similar one of that run)");
  app.add_option("--tries", arguments->tries, "run at most so many cells")
      ->check(CLI::Range(4, 1000))
      ->capture_default_str();
  app.add_option("--out", arguments->out, "run directory to make (default: runs/TIME-minimize)");
  arguments->backend.add_to(app, "what ran the red cell");
  return [arguments, &context] { return minimize_action(*arguments, context); };
}

} // namespace kdt::cli

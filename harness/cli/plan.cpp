#include "cli/plan.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "matrix/expand.hpp"
#include "matrix/limits.hpp"
#include "matrix/own_kernels.hpp"
#include "matrix/selection.hpp"

#include <fmt/ranges.h>

namespace kdt::cli {

namespace {

/// Refuses the first cell whose trigger is none of the catalogue.
void check_triggers(const matrix::Matrix& matrix, const std::vector<Cell>& cells, const matrix::Triggers& triggers) {
  auto check = [&](const Cell& cell, const char* parameter, const std::string& name) {
    if (name.empty() || triggers.find(name) != nullptr) return;
    throw Error(Blame::usage, "{}: {}: '{}' is unknown{}",
                matrix::place_of(matrix, cell, *matrix::find_parameter(parameter)), parameter, name,
                suggestion(name, triggers.names()));
  };
  for (const auto& cell : cells) {
    check(cell, "trigger", cell.parameters.trigger);
    check(cell, "capture_trigger", cell.parameters.capture_trigger);
  }
}

/// Learns what is known of the kernels before they are built, and refuses the first cell that no guest can be.
void check_possible(const matrix::Matrix& matrix, const std::vector<Cell>& cells, Plan& plan,
                    const image::Images& images) {
  auto machine = matrix::load_machine_type(images.repository() / "matrices/machines/virt.yaml");
  for (const auto& cell : cells) {
    const auto& kernel = cell.parameters.kernel;
    if (!plan.kernel_facts.contains(kernel)) plan.kernel_facts[kernel] = images.facts(kernel);
    if (auto refused = matrix::impossible(cell.parameters, plan.kernel_facts.at(kernel), machine))
      throw Error(Blame::usage, "{}: {} (cell {})", matrix::place_of(matrix, cell, *refused->parameter),
                  refused->sentence, cell.id);
  }
}

} // namespace

void SelectionOptions::add_to(CLI::App& app) {
  app.add_option("--only", only, "AXIS=VALUE[,VALUE…] or a cell id with * and ?; repeatable, all must hold")
      ->allow_extra_args(false);
  app.add_option("--skip", skip, "leave out the cells that match; repeatable")->allow_extra_args(false);
  app.add_option("--shard", shard,
                 "I/N: the I-th of N parts that take about the same time, for spreading a matrix over machines; "
                 "`kdt merge` makes one run of them");
  app.add_option(
         "--shard-by", shard_by,
         "whose durations shards are balanced by, the same for all: history (whole runs on this host), forecast "
         "(by size alone), or a run directory or run.json")
      ->capture_default_str();
}

std::string Plan::matrix_text() const {
  return fmt::format("{}", fmt::join(matrices, " "));
}

Plan make_plan(const std::vector<std::string>& matrices, const SelectionOptions& selection,
               const image::Images& images) {
  Plan plan{.matrices = matrices};
  std::vector<Cell> cells;
  std::map<std::string, const run::Expectations*> judged_by;
  std::vector<std::filesystem::path> files;
  for (const auto& path : matrices) std::ranges::move(matrix::matrix_files(path), std::back_inserter(files));
  bool several = matrices.size() > 1 || files.front() != std::filesystem::path(matrices.front());
  for (const auto& path : files) {
    auto matrix = matrix::load_matrix(path, images.catalogue().names());
    if (!images.own_names().empty()) matrix::use_kernels(matrix, images.own_names());
    plan.expectations.push_back(std::make_unique<run::Expectations>(
        run::read_expectations({.expectations = matrix.expectations,
                                .known_issues = matrix.known_issues,
                                .triggers = images.repository() / "matrices/triggers/linux.yaml"})));
    auto expanded = matrix::expand(matrix);
    check_triggers(matrix, expanded, plan.expectations.back()->triggers);
    check_possible(matrix, expanded, plan, images);
    for (auto& cell : expanded) {
      if (several) {
        cell.id = matrix.name + ":" + cell.id;
        cell.slug = matrix::slug_of(cell.id);
      }
      if (!judged_by.emplace(cell.id, plan.expectations.back().get()).second)
        throw Error(Blame::usage, "{}: cell {} is in two of the matrices", path.string(), cell.id);
      plan.all.emplace(cell.id, cell.parameters);
      cells.push_back(std::move(cell));
    }
  }
  for (auto& cell :
       matrix::select(std::move(cells), {.only = selection.only, .skip = selection.skip}, plan.kernel_facts)) {
    const auto* expectations = judged_by.at(cell.id);
    plan.cells.push_back({std::move(cell), expectations});
  }
  return plan;
}

} // namespace kdt::cli

#pragma once

#include "model/cell.hpp"
#include "model/verdict.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace kdt::run {

/// Cells whose guests are the same up to a phase, and that can be forks of one template.
struct TemplateGroup {
  std::string name{}; ///< says after which phase it freezes; the same for the same cells in every run
  Phase after = Phase::probe;
  std::vector<std::size_t> cells{}; ///< two or more, ascending
};

/// Which cells share a template. Only what one knows before any of them runs.
struct TemplatePlan {
  std::vector<TemplateGroup> groups{};
  std::vector<std::optional<std::size_t>> group_of{}; ///< by cell; nullopt: it runs cold
};

/// Groups the cells, of which a nullptr is not to run: after probe those that differ in trigger and dump only, and,
/// where that pays, in the capture kernel those that have the trigger in common, too. Cold run: repeats, which shall
/// tell how often a boot fails; a cell that loads nothing; a dump that goes by ssh, since the network's state does not
/// freeze; and who has no like.
TemplatePlan plan_templates(const std::vector<const Cell*>& cells);

} // namespace kdt::run

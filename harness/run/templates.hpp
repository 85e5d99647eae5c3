#pragma once

#include "run/template.hpp"
#include "run/template_plan.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace kdt::run {

/// The templates of a run while it lasts: each is kept until the last cell of its group has ended. Used by all threads.
class Templates {
public:
  explicit Templates(TemplatePlan plan);

  const TemplateGroup& group(std::size_t number) const { return plan_.groups[number]; }
  /// The group of a cell; nullopt: it runs cold, and nobody expected else.
  std::optional<std::size_t> group_of(std::size_t cell) const { return plan_.group_of[cell]; }

  /// Makes it by the phases of one of its cells, with the logs in the context's directory; `expected` is what its guest
  /// takes of the host's memory, `spare` what there is. False when there will be none, and why_not() says why: its
  /// cells run cold. Throws Interrupted.
  bool make(std::size_t group, const Cell& cell, const CellContext& context, ByteSize expected, ByteSize spare);
  /// There will be none.
  void give_up(std::size_t group, std::string why);
  std::string why_not(std::size_t group) const;

  /// What the guest of a cell's attempt (counted from 1) is a fork of, as long as the cell has not ended; else, if it
  /// should be one, why it is none: there is no template, or the host has failed an attempt that was a fork.
  struct Origin {
    const Template* fork_of = nullptr;
    std::string not_forked{};
  };
  Origin origin_of(std::size_t cell, int attempt = 1) const;
  void ended(std::size_t cell);

private:
  struct State {
    std::size_t left = 0; ///< cells that have not ended
    std::unique_ptr<const Template> made{};
    std::string why_not{};
  };

  const TemplatePlan plan_;
  mutable std::mutex mutex_; ///< guards what follows
  std::vector<State> states_;
};

} // namespace kdt::run

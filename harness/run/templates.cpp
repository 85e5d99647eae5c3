#include "run/templates.hpp"

#include "base/error.hpp"
#include "base/file.hpp"

namespace kdt::run {

Templates::Templates(TemplatePlan plan) : plan_(std::move(plan)), states_(plan_.groups.size()) {
  for (std::size_t i = 0; i < states_.size(); ++i) states_[i].left = plan_.groups[i].cells.size();
}

bool Templates::make(std::size_t number, const Cell& cell, const CellContext& context, ByteSize expected,
                     ByteSize spare) {
  const auto& wanted = group(number);
  try {
    auto place = place_for_ram(expected, spare, free_space(context.directory));
    if (!place) throw Error(Blame::infra, "the host has no room for a RAM file of about {}", human(expected));
    auto made = make_template(cell, context, wanted.name, wanted.after, *place);
    std::scoped_lock lock(mutex_);
    states_[number].made = std::move(made);
    return true;
  } catch (const Interrupted&) {
    std::error_code ignored;
    fs::remove_all(context.directory, ignored);
    throw;
  } catch (const Error& error) {
    give_up(number, fmt::format("template {}: {}", wanted.name, error.what()));
    return false;
  }
}

void Templates::give_up(std::size_t group, std::string why) {
  std::scoped_lock lock(mutex_);
  states_[group].why_not = std::move(why);
}

std::string Templates::why_not(std::size_t group) const {
  std::scoped_lock lock(mutex_);
  return states_[group].why_not;
}

Templates::Origin Templates::origin_of(std::size_t cell, int attempt) const {
  auto group = group_of(cell);
  if (!group) return {};
  std::scoped_lock lock(mutex_);
  const auto& state = states_[*group];
  if (attempt > 1 && state.made)
    return {.not_forked = fmt::format("template {}: a second attempt is a boot", state.made->name)};
  return {.fork_of = state.made.get(), .not_forked = state.why_not};
}

void Templates::ended(std::size_t cell) {
  auto group = group_of(cell);
  if (!group) return;
  std::unique_ptr<const Template> gone; // its memory is given back without the lock
  std::scoped_lock lock(mutex_);
  auto& state = states_[*group];
  KDT_ASSERT(state.left > 0);
  if (--state.left == 0) gone = std::move(state.made);
}

} // namespace kdt::run

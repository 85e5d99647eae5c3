// What CellRun leaves and does for a person who wants to see the cell again.

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "image/symbols.hpp"
#include "run/phases.hpp"
#include "run/recipe.hpp"
#include "run/repro_script.hpp"

namespace kdt::run {

namespace {
/// A person takes his time.
constexpr Patience k_endless{.still = std::chrono::hours(24 * 365),
                             .silent = std::chrono::hours(24 * 365),
                             .most = std::chrono::hours(24 * 365)};
} // namespace

void CellRun::leave_recipe() {
  const auto& directory = context_.directory;
  write_file(directory / k_recipe_file, recipe_json({.kernel = context_.kernel,
                                                     .rules = context_.expectations.files,
                                                     .matrix = context_.matrix,
                                                     .kernel_options = context_.kernel_options,
                                                     .emulator_version = context_.emulator_version,
                                                     .timeout_scale = context_.timeout_scale}));
  result_.artifacts["recipe"] = k_recipe_file;
  auto script = directory / "repro.sh";
  write_file(script, repro_script({.cell = cell_,
                                   .kernel = context_.kernel,
                                   .triggers = context_.expectations.triggers,
                                   .accelerator = context_.accelerator,
                                   .nonce = nonce_}));
  fs::permissions(script, fs::perms(0755));
  result_.artifacts["repro"] = "repro.sh";
}

void CellRun::tell_where(const protocol::Facts& facts) const {
  const auto& kernel = context_.kernel;
  if (!context_.tell_debugger || !facts.text || kernel.vmlinux.empty() || !fs::exists(kernel.system_map)) return;
  auto linked = image::Symbols(kernel.system_map).address("_text");
  auto offset = *facts.text - linked.value_or(*facts.text);
  if (offset == 0) return;
  context_.tell_debugger(fmt::format("KASLR moved the system kernel by {:#x}; in gdb: symbol-file -o {:#x} {}", offset,
                                     offset, shell_quoted(kernel.vmlinux.string())));
}

void CellRun::hand_over() {
  auto answer = session_->ask(protocol::ask::shell, protocol::Done{}, timeouts_.answer);
  if (!answer)
    throw Error(Blame::infra, "the guest gives no shell: {}",
                session_->refusal().empty() ? session_->stuck() : session_->refusal());
  if (context_.on_handed_over) context_.on_handed_over();
  session_->wait([] { return false; }, k_endless);
}

} // namespace kdt::run

#include "cli/deep_check.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "cli/terminal.hpp"
#include "image/images.hpp"
#include "vmcore/crash_tool.hpp"

namespace kdt::cli {

namespace {
constexpr std::chrono::minutes k_crash_patience{20}; // under emulation it reads a kernel's DWARF in one or two
} // namespace

void deep_check(vmcore::Report& report, std::string vmlinux, const std::string& kernel, const Context& context) {
  if (find(report.facts, "vmcore.release") == nullptr) return; // what kdt cannot open needs no second reader
  Terminal terminal(0);
  image::Images images(default_cache_directory(), context.repository,
                       [&](const image::Progress& progress) { terminal.image_progress(progress); });
  if (vmlinux.empty() && !kernel.empty()) vmlinux = images.kernel(kernel, context.stop).vmlinux;
  if (vmlinux.empty())
    throw Error(Blame::usage, "--deep needs --vmlinux FILE, with debug information, or --facts of a cell whose kernel "
                              "is in images/kernels.yaml");
  if (!fs::is_regular_file(vmlinux)) throw Error(Blame::usage, "{}: no such file", vmlinux);
  std::optional<fs::path> tree;
  if (vmcore::crash_needs_tree()) tree = images.tree("crash", context.stop);
  auto asked = vmcore::ask_crash(vmcore::crash_command(tree), vmlinux, report.vmcore, Deadline::after(k_crash_patience),
                                 context.stop);
  report.facts.merge(observe(asked.opinion));
  auto findings = std::move(asked.findings);
  if (findings.empty())
    findings = compare(report.facts, report.log.empty() ? "" : read_file(report.log), asked.opinion);
  report.findings.insert(report.findings.end(), findings.begin(), findings.end());
}

} // namespace kdt::cli

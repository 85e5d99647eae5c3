#pragma once

#include "machine/libvirt_uri.hpp"
#include "run/runner.hpp"

#include <CLI/App.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace kdt::cli {

/// What runs the guests, as the command line says it.
struct BackendOptions {
  std::string name{};    ///< qemu or libvirt; empty: not said
  std::string connect{}; ///< libvirt's URI; empty: not said
  std::string hosts{};   ///< a file of several, see read_hosts(); empty: not said

  /// otherwise: what runs the guests when nothing is said, for --help.
  void add_to(CLI::App& app, std::string_view otherwise = "qemu");
  void add_hosts_to(CLI::App& app);
  /// --connect alone means libvirt, too. Throws Error{usage} when the two contradict each other.
  bool libvirt() const;
  /// As one would say it again; none for the default.
  std::vector<std::string> words() const;
  /// Throws Error{usage} for what is none.
  machine::LibvirtUri uri() const;
  /// These, or what ran an earlier cell (CellResult::backend) when nothing was said.
  BackendOptions or_as_before(const std::string& backend) const;
};

/// The program that machine::LibvirtRoot starts as its keeper: this one.
inline std::filesystem::path self_as_keeper() {
  return "/proc/self/exe";
}

/// QEMU as the machine of every cell. Throws Error{infra} when there is none.
run::Backend qemu_backend();

/// What the options say. On another host QEMU's version is not known: libvirt's stands for it. Connects to libvirt; the
/// names of its domains carry the run's id. Throws Error{usage}, Error{infra} when there is no QEMU or no libvirt, and
/// Interrupted when stop is requested while libvirt does not answer.
run::Backend make_backend(const BackendOptions& options, const std::string& run_id, std::stop_token stop);

/// The name of a cell's domain: unique among those of every kdt on the host, and fit for a file name.
std::string domain_name(const std::string& run_id, const std::string& machine_name, int pid);

} // namespace kdt::cli

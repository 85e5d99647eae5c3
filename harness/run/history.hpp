#pragma once

#include "model/result.hpp"
#include "run/database.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kdt::run {

/// A run as the history keeps it.
struct PastRun {
  std::string run_id{};
  std::string directory{}; ///< where it was written; it may be gone
  std::string matrix{};
  std::string started{};
  std::string kdt{};      ///< version and commit of kdt
  std::string emulator{}; ///< "QEMU 7.2.22"
  bool whole = true;      ///< neither a shard nor a merged run that lacks one
};

/// A cell of a past run.
struct PastCell {
  PastRun run{};
  std::string id{};
  std::string fingerprint{};
  Verdict verdict = Verdict::error;
  std::string blame{};              ///< "": nobody's
  std::vector<std::string> codes{}; ///< of all its findings, each once
  std::string why{};                ///< the finding that a report names first; "": none
  double seconds = 0;
  std::vector<std::pair<Phase, double>> phases{}; ///< those that ran, in seconds
  std::string kernel{};                           ///< its name in the matrix
  std::string release{};                          ///< what that kernel was: 6.1.192
  std::string build_id{};
  std::string origin{}; ///< of a kernel of the user's own: its content; "": from the catalogue
  std::string accelerator{};
  int attempts = 1;
};

/// Every run on this host, in a small SQLite file that any number of kdt processes use at once. The newest half million
/// cells are kept. Everything throws Error{infra} that names the file. Used by one thread.
class History {
public:
  explicit History(const std::filesystem::path& file);

  /// A run directory as the history names it.
  static std::string place_of(const std::filesystem::path& directory);
  /// A matrix as the history names it: no folder, no .yaml.
  static std::string name_of(const std::string& matrix);

  /// Keeps the run. resumed: it goes on from what an earlier kdt left in the same directory, whose record it replaces.
  void add(const RunResult& run, const std::filesystem::path& directory, bool resumed);

  /// The experiments of which something is known, sorted: ids without "#2".
  std::vector<std::string> experiments() const;
  /// The experiment's cells in all matrices that have one of this id, repeats included, the newest run first; at most
  /// so many.
  std::vector<PastCell> cells(const std::string& experiment, std::size_t most) const;
  /// Of every cell whose fingerprint begins so.
  std::vector<PastCell> cells_with_fingerprint(const std::string& prefix, std::size_t most) const;

  /// Runs of the matrix with this name that came to their end and have some of these experiments:
  /// those that have most of them first, among these the newest.
  std::vector<PastRun> runs_like(const std::string& matrix_name, const std::vector<std::string>& experiments) const;

  /// What each experiment of the matrix with this name took: the median of its last five cells that were judged, in
  /// whole runs only. Shards leave it as it is, so that all shards of a night are cut by the same figures.
  std::map<std::string, double> seconds(const std::string& matrix_name, const std::vector<std::string>& experiments,
                                        const std::string& accelerator) const;

private:
  std::vector<PastCell> select(const std::string& condition, const std::string& value, std::size_t most) const;
  Database database_;
};

} // namespace kdt::run

#pragma once

#include "run/scheduler.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace kdt::run {

class Database;

/// What a cell turned out to take.
struct Measured {
  std::string cell_class{}; ///< need.hpp
  std::string size_class{};
  double seconds = 0;
  ByteSize memory{}; ///< the most that its emulator had resident
};

/// What earlier runs on this host have measured, in a small SQLite file that any number of kdt processes use at once.
/// It only makes estimates better: a file that is damaged, of another version, locked for seconds or cannot be written
/// is told once and then done without. Used by all cell threads. Not for history: old rows go.
class Learnt {
public:
  /// An empty file name: nothing is known and nothing kept.
  Learnt(const std::filesystem::path& file, std::function<void(const std::string&)> warn);
  ~Learnt();

  /// The guess with memory and seconds as they were measured: of this class the most memory of the last runs, with a
  /// tenth and 32 MiB on top, and their median time; else, of the size class, the time, and the memory if it is more
  /// than the guess.
  Need better(Need guess, const std::string& cell_class, const std::string& size_class);
  void add(const Measured& measured);

private:
  void tried(const std::function<void()>& act);

  std::function<void(const std::string&)> warn_;
  std::mutex mutex_;
  std::unique_ptr<Database> store_; ///< nullptr: done without
};

} // namespace kdt::run

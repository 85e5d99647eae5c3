#pragma once

#include "base/deadline.hpp"
#include "base/file.hpp"
#include "base/unique_fd.hpp"
#include "base/units.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace kdt::image {

/// Names one entry by everything that goes into it.
struct EntryKey {
  std::string kind;                                        ///< "kernel"
  std::string name;                                        ///< "v6.1-dma"; fit for a file name
  std::vector<std::pair<std::string, std::string>> inputs; ///< name → value, or a hash of it

  /// Over kind, name and inputs.
  std::string hash() const;
  /// The entry's directory name: kind-name-first 16 digits of the hash.
  std::string id() const;
};

/// A finished entry in use: gc leaves it alone as long as a Lease lives, in this process or another.
class Lease {
public:
  Lease(std::filesystem::path path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}
  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
  UniqueFd lock_;
};

/// A directory in the cache for what lives no longer than this process, which the next one removes if this is killed.
class Scratch {
public:
  Scratch(UniqueFd lock, TempDir directory) : lock_(std::move(lock)), directory_(std::move(directory)) {}
  const std::filesystem::path& path() const { return directory_.path(); }

private:
  UniqueFd lock_; ///< given back when the directory is gone
  TempDir directory_;
};

/// What manifest.json of an entry says, for people and for gc.
struct EntryInfo {
  std::string id;
  std::string kind;
  std::string name;
  std::string created; ///< ISO 8601, UTC
  Seconds build_time{};
  ByteSize size;
  std::filesystem::file_time_type last_used;
  std::filesystem::path path;
};

/// Entries to keep whatever their age, and the age at which the others go.
struct GcPolicy {
  std::chrono::days unused_for{30};
  unsigned keep_newest = 0; ///< of each kind and name, by last use
};

/// A directory of content-addressed entries, shared by any number of kdt processes. An entry is made in a temporary
/// sibling, synced and renamed, so it is there as a whole or not at all. Locks are flock(2): the kernel drops them when
/// a process dies, however it dies. Not for: network file systems without flock.
class Cache {
public:
  /// Fills an empty directory. Whatever it throws, no entry appears.
  using Build = std::function<void(const std::filesystem::path& directory)>;
  /// Told once, before waiting, what the other process said of itself: "process 4711 builds kernel v6.1-dma".
  using Waiting = std::function<void(const std::string& whom)>;

  /// Makes root when it is missing; throws Error{infra}.
  explicit Cache(std::filesystem::path root);

  const std::filesystem::path& root() const { return root_; }
  /// Where logs of builds, good and bad, are kept until gc.
  std::filesystem::path log_directory() const;

  /// The finished entry, if there is one; notes that it was used.
  std::optional<Lease> find(const EntryKey& key) const;

  /// find, else waits for whoever builds it, else builds it here.
  /// Throws what build throws, Interrupted, or Error{infra} when the disk refuses.
  Lease get(const EntryKey& key, const Build& build, std::stop_token stop = {}, const Waiting& waiting = {}) const;

  /// Builds it here although it may be there, and takes its place; when building fails, the old one stays.
  /// Throws as get does, and Error{infra} while somebody uses the old one.
  Lease renew(const EntryKey& key, const Build& build, std::stop_token stop = {}, const Waiting& waiting = {}) const;

  Scratch scratch() const;

  /// Finished entries, the last used first.
  std::vector<EntryInfo> list() const;

  /// Puts what killed builds left, a source tree sometimes, where nobody builds and nobody waits for its removal.
  /// Returns the ids of all that is there to be removed.
  std::vector<std::string> set_leftovers_aside() const;
  /// Removes that, until it is asked to stop; the next call goes on. Where another process does so, it is left to it.
  void remove_leftovers(std::stop_token stop = {}) const;

  /// Removes old entries that nobody uses, and what interrupted builds left; returns the removed entries.
  std::vector<EntryInfo> gc(const GcPolicy& policy) const;

private:
  std::filesystem::path lock_file(const std::string& id, const char* suffix) const;
  UniqueFd lock_for_building(const std::string& id, std::stop_token stop, const Waiting& waiting) const;
  void say_who_builds(const EntryKey& key, const UniqueFd& lock) const;
  void build_entry(const EntryKey& key, const Build& build) const;
  void set_aside(const std::string& id) const;
  bool remove_unused(const EntryInfo& entry) const;

  std::filesystem::path root_;
};

} // namespace kdt::image

#include "image/cache.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/process.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <map>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>

namespace kdt::image {

namespace {

constexpr std::string_view k_temporary = ".building-";
constexpr const char* k_leftovers = "leftovers"; ///< of killed builds: the directory that they are moved to

bool try_lock(const UniqueFd& fd, int kind) {
  for (;;) {
    if (::flock(fd.get(), kind | LOCK_NB) == 0) return true;
    if (errno == EWOULDBLOCK) return false;
    if (errno != EINTR) throw Error(Blame::infra, "the cache's file system refuses locks: {}", errno_text(errno));
  }
}

std::string utc_now() {
  std::time_t now = std::time(nullptr);
  std::tm parts{};
  char text[32];
  ::gmtime_r(&now, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

ByteSize size_below(const fs::path& directory) {
  ByteSize total;
  for (const auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file() && !entry.is_symlink()) total.bytes += entry.file_size();
  return total;
}

void write_manifest(const EntryKey& key, const fs::path& directory, Seconds build_time) {
  nlohmann::ordered_json inputs = nlohmann::ordered_json::object();
  for (const auto& [name, value] : key.inputs) inputs[name] = value;
  nlohmann::ordered_json manifest{{"schema", 1},
                                  {"kind", key.kind},
                                  {"name", key.name},
                                  {"hash", key.hash()},
                                  {"created", utc_now()},
                                  {"build_seconds", build_time.count()},
                                  {"bytes", size_below(directory).bytes},
                                  {"inputs", std::move(inputs)}};
  write_file(directory / "manifest.json", manifest.dump(2) + "\n");
}

/// Everything in the directory reaches the disk before its name does. One call for the file system: a source tree has
/// ten thousands of files.
void sync_directory(const fs::path& directory) {
  UniqueFd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (::syncfs(fd.get()) != 0) throw Error(Blame::infra, "{}: cannot sync: {}", directory.string(), errno_text(errno));
}

std::optional<EntryInfo> read_manifest(const fs::path& directory) {
  try {
    auto manifest = nlohmann::json::parse(read_file(directory / "manifest.json"));
    EntryInfo info;
    info.id = directory.filename().string();
    info.kind = manifest.at("kind");
    info.name = manifest.at("name");
    info.created = manifest.at("created");
    info.build_time = Seconds(manifest.at("build_seconds").get<double>());
    info.size = {manifest.at("bytes").get<std::uint64_t>()};
    info.path = directory;
    return info;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt; // not ours, or of a kdt to come
  } catch (const Error&) {
    return std::nullopt; // removed while we looked
  }
}

/// The entry that a temporary directory was to become; nullopt: it is none.
std::optional<std::string> id_of(const fs::path& directory) {
  auto name = directory.filename().string();
  if (!name.starts_with(k_temporary)) return std::nullopt;
  return name.substr(k_temporary.size(), name.rfind('-') - k_temporary.size());
}

/// Of all temporary directories there.
std::set<std::string> ids_below(const fs::path& directory) {
  std::set<std::string> ids;
  for (const auto& entry : fs::directory_iterator(directory))
    if (auto id = id_of(entry.path())) ids.insert(*id);
  return ids;
}

/// Like remove_all, but what it has not removed when it is asked to stop stays.
void remove_tree(const fs::path& tree, const std::stop_token& stop) {
  std::error_code ignored;
  if (fs::is_directory(fs::symlink_status(tree, ignored)))
    for (const auto& entry : fs::directory_iterator(tree, ignored)) {
      if (stop.stop_requested()) return;
      remove_tree(entry.path(), stop);
    }
  fs::remove(tree, ignored);
}

} // namespace

std::string EntryKey::hash() const {
  Sha256 hash;
  hash.add_field(kind);
  hash.add_field(name);
  for (const auto& [input, value] : inputs) {
    hash.add_field(input);
    hash.add_field(value);
  }
  return hash.hex();
}

std::string EntryKey::id() const {
  return fmt::format("{}-{}-{}", kind, name, hash().substr(0, 16));
}

Cache::Cache(fs::path root) : root_(std::move(root)) {
  try {
    make_directories(root_ / "images");
    make_directories(root_ / "locks");
    make_directories(root_ / k_leftovers);
    make_directories(log_directory());
  } catch (const Error& error) {
    throw Error(Blame::infra, "{}: set XDG_CACHE_HOME to a directory that can be written to", error.what());
  }
}

fs::path Cache::log_directory() const {
  return root_ / "logs";
}

fs::path Cache::lock_file(const std::string& id, const char* suffix) const {
  return root_ / "locks" / (id + suffix);
}

std::optional<Lease> Cache::find(const EntryKey& key) const {
  const std::string id = key.id();
  const fs::path directory = root_ / "images" / id;
  if (!fs::exists(directory / "manifest.json")) return std::nullopt;
  UniqueFd use = open_file(lock_file(id, ".use"), O_RDWR | O_CREAT);
  if (!try_lock(use, LOCK_SH)) return std::nullopt; // gc is removing it
  if (!fs::exists(directory / "manifest.json")) return std::nullopt;
  ::futimens(use.get(), nullptr); // its time is the entry's last use
  return Lease(directory, std::move(use));
}

UniqueFd Cache::lock_for_building(const std::string& id, std::stop_token stop, const Waiting& waiting) const {
  const fs::path path = lock_file(id, ".build");
  UniqueFd fd = open_file(path, O_RDWR | O_CREAT);
  bool told = false;
  while (!try_lock(fd, LOCK_EX)) {
    if (!told && waiting) waiting(read_file(path));
    told = true;
    // flock(1) waits in our place: a process can be ended when the user asks kdt to stop, a system call cannot.
    run_program({.argv = {"flock", "--shared", path.string(), "true"}}, Deadline::never(), stop);
  }
  return fd;
}

Lease Cache::get(const EntryKey& key, const Build& build, std::stop_token stop, const Waiting& waiting) const {
  for (;;) {
    if (auto found = find(key)) return std::move(*found);
    if (stop.stop_requested()) throw Interrupted();
    UniqueFd lock = lock_for_building(key.id(), stop, waiting);
    if (auto found = find(key)) return std::move(*found);
    say_who_builds(key, lock);
    build_entry(key, build);
  }
}

Lease Cache::renew(const EntryKey& key, const Build& build, std::stop_token stop, const Waiting& waiting) const {
  {
    UniqueFd lock = lock_for_building(key.id(), stop, waiting);
    UniqueFd use = open_file(lock_file(key.id(), ".use"), O_RDWR | O_CREAT);
    if (!try_lock(use, LOCK_EX)) throw Error(Blame::infra, "another kdt is using {} {}", key.kind, key.name);
    say_who_builds(key, lock);
    build_entry(key, build);
  }
  return get(key, build, stop, waiting);
}

void Cache::say_who_builds(const EntryKey& key, const UniqueFd& lock) const {
  std::string whom = fmt::format("process {} builds {} {}", ::getpid(), key.kind, key.name);
  if (::ftruncate(lock.get(), 0) == 0 && ::pwrite(lock.get(), whom.data(), whom.size(), 0) < 0)
    throw Error(Blame::infra, "{}: cannot write: {}", lock_file(key.id(), ".build").string(), errno_text(errno));
}

void Cache::build_entry(const EntryKey& key, const Build& build) const {
  const fs::path images = root_ / "images";
  set_aside(key.id());
  TempDir temporary(fmt::format("{}{}", k_temporary, key.id()), images);
  auto began = Clock::now();
  try {
    build(temporary.path());
    write_manifest(key, temporary.path(), Clock::now() - began);
  } catch (const fs::filesystem_error& error) {
    throw Error(Blame::infra, "building {} {}: {}", key.kind, key.name, error.what());
  }
  ::chmod(temporary.path().c_str(), 0755); // mkdtemp makes it 0700
  sync_directory(temporary.path());
  const fs::path target = images / key.id();
  // What is there has no manifest, so that it is no entry, or is being renewed: it must not be found half removed.
  const fs::path doomed = images / fmt::format("{}{}-gone", k_temporary, key.id());
  std::error_code ignored;
  fs::remove_all(doomed, ignored);
  fs::rename(target, doomed, ignored);
  if (::rename(temporary.path().c_str(), target.c_str()) != 0)
    throw Error(Blame::infra, "{}: cannot rename into place: {}", target.string(), errno_text(errno));
  fs::remove_all(doomed, ignored);
  UniqueFd directory = open_file(images, O_RDONLY | O_DIRECTORY);
  if (::fsync(directory.get()) != 0)
    throw Error(Blame::infra, "{}: cannot sync: {}", images.string(), errno_text(errno));
}

/// Who calls this holds the lock of those who build it.
void Cache::set_aside(const std::string& id) const {
  for (const auto& entry : fs::directory_iterator(root_ / "images")) {
    std::error_code ignored; // one of that name is there already: this one goes when that has gone
    if (id_of(entry.path()) == id) fs::rename(entry.path(), root_ / k_leftovers / entry.path().filename(), ignored);
  }
}

std::vector<std::string> Cache::set_leftovers_aside() const {
  for (const auto& id : ids_below(root_ / "images")) {
    UniqueFd build = open_file(lock_file(id, ".build"), O_RDWR | O_CREAT);
    if (try_lock(build, LOCK_EX)) set_aside(id); // its builder is gone: it held the lock
  }
  auto ids = ids_below(root_ / k_leftovers);
  return {ids.begin(), ids.end()};
}

void Cache::remove_leftovers(std::stop_token stop) const {
  UniqueFd lock = open_file(lock_file(k_leftovers, ".lock"), O_RDWR | O_CREAT);
  if (!try_lock(lock, LOCK_EX)) return;
  for (const auto& entry : fs::directory_iterator(root_ / k_leftovers))
    if (id_of(entry.path())) remove_tree(entry.path(), stop);
}

Scratch Cache::scratch() const {
  for (int i = 0;; ++i) { // the first that no process holds
    const std::string id = fmt::format("scratch-{}", i);
    UniqueFd lock = open_file(lock_file(id, ".build"), O_RDWR | O_CREAT);
    if (!try_lock(lock, LOCK_EX)) continue;
    set_aside(id);
    return {std::move(lock), TempDir(fmt::format("{}{}", k_temporary, id), root_ / "images")};
  }
}

std::vector<EntryInfo> Cache::list() const {
  std::vector<EntryInfo> entries;
  for (const auto& directory : fs::directory_iterator(root_ / "images")) {
    if (directory.path().filename().string().starts_with('.')) continue;
    auto info = read_manifest(directory.path());
    if (!info) continue;
    std::error_code error;
    info->last_used = fs::last_write_time(lock_file(info->id, ".use"), error);
    if (error) info->last_used = fs::last_write_time(directory.path() / "manifest.json", error);
    entries.push_back(std::move(*info));
  }
  std::sort(entries.begin(), entries.end(),
            [](const EntryInfo& a, const EntryInfo& b) { return a.last_used > b.last_used; });
  return entries;
}

bool Cache::remove_unused(const EntryInfo& entry) const {
  UniqueFd use = open_file(lock_file(entry.id, ".use"), O_RDWR | O_CREAT);
  if (!try_lock(use, LOCK_EX)) return false;
  // Its name goes first, so that nobody finds half an entry if we are killed here.
  fs::path doomed = root_ / "images" / fmt::format("{}{}-gone", k_temporary, entry.id);
  std::error_code error;
  fs::remove_all(doomed, error);
  if (::rename(entry.path.c_str(), doomed.c_str()) != 0) return false;
  fs::remove_all(doomed, error);
  return true;
}

std::vector<EntryInfo> Cache::gc(const GcPolicy& policy) const {
  std::vector<EntryInfo> removed;
  std::map<std::pair<std::string, std::string>, unsigned> seen;
  const auto oldest = fs::file_time_type::clock::now() - policy.unused_for;
  for (const auto& entry : list()) {
    bool newest = ++seen[{entry.kind, entry.name}] <= policy.keep_newest;
    if (!newest && entry.last_used <= oldest && remove_unused(entry)) removed.push_back(entry);
  }
  set_leftovers_aside();
  remove_leftovers();
  for (const auto& log : fs::directory_iterator(log_directory())) {
    std::error_code error;
    if (fs::last_write_time(log.path(), error) <= oldest) fs::remove(log.path(), error);
  }
  return removed;
}

} // namespace kdt::image

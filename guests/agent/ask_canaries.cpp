#include "asks.hpp"
#include "canary_places.hpp"
#include "kdt/canary.h"
#include "probe_files.hpp"
#include "readings.hpp"
#include "system.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>

namespace kdt::agent {

namespace {

constexpr std::size_t k_user_pages = 16; // of each kind
/// A new page of a file is only marked as page cache when a batch of them is full (PAGEVEC_SIZE, 15; 31 since v6.9),
/// each CPU has its own: pages that come behind push those of ours out.
constexpr std::size_t k_pages_behind = 64;
constexpr const char* k_file = "/kdt-canaries"; // the root of an initramfs is a tmpfs, or a ramfs

std::string hex(std::uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

/// The module's file, one command a write.
class Planter {
public:
  Planter(std::uint64_t key, protocol::CanariesAnswer& answer)
      : fd_(open_file(probe_file("canaries"), O_WRONLY)), answer_(answer) {
    const std::string text = "key " + hex(key);
    if (!obeys(text)) fail("the probe does not take '" + text + "'");
  }

  /// False when there is no page to be had in the place's whole span.
  bool plant(const Place& place) {
    if (obeys(place.kind + " " + hex(place.near) + " " + hex(place.span.from) + " " + hex(place.span.to))) {
      add({.kind = place.kind, .address = 0, .near = place.near}, nullptr);
      return true;
    }
    answer_.missing.push_back(place.kind + " near " + hex(place.near) + ": " + std::strerror(errno));
    return false;
  }

  /// A page of our own that is there already.
  void find(const std::string& kind, unsigned char* page) {
    if (obeys("user " + hex(reinterpret_cast<std::uintptr_t>(page))))
      add({.kind = kind, .address = 0, .near = {}}, page);
    else
      answer_.missing.push_back(kind + ": " + std::strerror(errno));
  }

  void plant_slab() {
    if (!obeys("slab")) {
      answer_.missing.push_back(std::string("slab: ") + std::strerror(errno));
      return;
    }
    for (int page = 0; page < 2; ++page) add({.kind = "slab", .address = 0, .near = {}}, nullptr);
  }

  /// Asks where each of them lies, now that all are there, and fills those that are ours.
  void finish(std::uint64_t key, std::size_t page_size) {
    const auto lines = read_canaries(read_text(probe_file("canaries")));
    if (lines.size() != pages_.size()) throw Trouble("the probe lists another number of canaries");
    for (std::size_t i = 0; i < lines.size(); ++i) {
      answer_.canaries[i].address = lines[i].address;
      for (std::size_t at = 0; pages_[i] != nullptr && at < page_size; at += 8) {
        const unsigned long long word = kdt_canary_word(key, lines[i].address + at);
        std::memcpy(pages_[i] + at, &word, sizeof word);
      }
    }
  }

private:
  bool obeys(const std::string& text) {
    return write(fd_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  }

  void add(protocol::Canary canary, unsigned char* page) {
    answer_.canaries.push_back(std::move(canary));
    pages_.push_back(page);
  }

  Fd fd_;
  protocol::CanariesAnswer& answer_;
  std::vector<unsigned char*> pages_; // one for each canary; null for those of the module's
};

/// Pages of ours, never given back: of a file, or of nobody's (anonymous).
class Pages {
public:
  Pages(std::size_t count, std::size_t page_size, int fd) : page_size_(page_size) {
    const std::size_t bytes = count * page_size;
    if (fd >= 0 && ftruncate(fd, static_cast<off_t>(bytes)) != 0) fail(std::string("cannot enlarge ") + k_file);
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) fail("cannot map pages for canaries");
    start_ = static_cast<unsigned char*>(at);
    madvise(start_, bytes, MADV_NOHUGEPAGE);                            // a kernel may know no huge pages
    for (std::size_t i = 0; i < count; ++i) page(i)[page_size / 2] = 1; // now each is there
  }
  unsigned char* page(std::size_t i) const { return start_ + i * page_size_; }

private:
  std::size_t page_size_;
  unsigned char* start_ = nullptr;
};

void stay_on_this_cpu() {
  const int cpu = sched_getcpu();
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu >= 0) CPU_SET(static_cast<unsigned>(cpu), &set);
  if (cpu < 0 || sched_setaffinity(0, sizeof set, &set) != 0) fail("cannot stay on one CPU");
}

} // namespace

Reply serve_canaries(const Session&, const protocol::Json& arguments) {
  const auto ask = protocol::decode<protocol::CanariesAsk>(arguments, "canaries");
  const double before = uptime();
  const auto page_size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  protocol::CanariesAnswer answer;
  answer.iomem = read_iomem(read_text("/proc/iomem"));
  insert_probe();
  Planter planter(ask.key, answer);

  cpu_set_t everywhere;
  if (sched_getaffinity(0, sizeof everywhere, &everywhere) != 0) fail("cannot ask for the CPUs of the agent");
  stay_on_this_cpu();
  const Fd file = open_file(k_file, O_RDWR | O_CREAT | O_TRUNC);
  const Pages cache(k_user_pages + k_pages_behind, page_size, file.get()), user(k_user_pages, page_size, -1);
  sched_setaffinity(0, sizeof everywhere, &everywhere);
  for (std::size_t i = 0; i < k_user_pages; ++i) planter.find("cache", cache.page(i));
  for (std::size_t i = 0; i < k_user_pages; ++i) planter.find("user", user.page(i));
  planter.plant_slab();
  const auto memory = dumped_memory(answer.iomem, page_size);
  for (const bool free : {false, true}) // free ones last, so that none of ours takes them again
    for (const auto& span : memory)
      for (const auto& place : canary_places({span}, page_size))
        if ((place.kind == "free") == free && !planter.plant(place))
          break; // the kernel owns all of it: the next place there would fail, too
  planter.finish(ask.key, page_size);
  answer.seconds = uptime() - before;
  return {protocol::encode(answer), {}};
}

} // namespace kdt::agent

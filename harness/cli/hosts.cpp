#include "cli/hosts.hpp"

#include "base/error.hpp"
#include "matrix/yaml_file.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace kdt::cli {

namespace {

using matrix::YamlFile;
using matrix::YamlNode;

unsigned slots_in(const YamlFile& file, const YamlNode& node) {
  const auto& text = file.scalar(node, "slots");
  unsigned slots = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), slots);
  if (error != std::errc{} || end != text.data() + text.size() || slots == 0 || slots > 1024)
    throw file.error(node, fmt::format("slots: '{}' is not a number from 1 to 1024", text));
  return slots;
}

machine::Accelerator accelerator_in(const YamlFile& file, const YamlNode& node) {
  const auto& text = file.scalar(node, "accelerator");
  if (text == "kvm") return machine::Accelerator::kvm;
  if (text == "tcg") return machine::Accelerator::tcg;
  throw file.error(node, fmt::format("accelerator: '{}' is neither kvm nor tcg", text));
}

Host host_in(const YamlFile& file, const YamlNode& node) {
  file.check_map(node, "a host", {"uri", "slots", "memory", "accelerator"});
  Host host;
  const auto& uri = file.required(node, "uri", "a host");
  try {
    host.uri = machine::libvirt_uri(file.scalar(uri, "uri"));
  } catch (const Error& error) {
    throw file.error(uri, error.what());
  }
  if (host.uri.embedded) throw file.error(uri, "an embedded libvirt is no host of several: say qemu:///session");
  host.slots = slots_in(file, file.required(node, "slots", "a host"));
  const auto& memory = file.required(node, "memory", "a host");
  auto size = parse_byte_size(file.scalar(memory, "memory"));
  if (!size || size->bytes == 0) throw file.error(memory, fmt::format("memory: '{}' is not a size", memory.text));
  host.memory = *size;
  if (const auto* accelerator = node.find("accelerator")) host.accelerator = accelerator_in(file, *accelerator);
  return host;
}

} // namespace

std::vector<Host> read_hosts(const std::filesystem::path& path) {
  auto file = YamlFile::load(path);
  file.check_map(file.root(), "a file of hosts", {"hosts"});
  const auto& list = file.required(file.root(), "hosts", "a file of hosts");
  file.check_list(list, "hosts");
  std::vector<Host> hosts;
  std::set<std::string> uris;
  for (const auto& node : list.items) {
    hosts.push_back(host_in(file, node));
    if (!uris.insert(hosts.back().uri.text).second) throw file.error(node, "this host is there twice");
  }
  if (hosts.empty()) throw file.error(list, "there is no host");
  return hosts;
}

Placement::Placement(const std::vector<Host>& hosts) {
  for (const auto& host : hosts) hosts_.push_back({.slots = host.slots, .memory = host.memory});
}

bool Placement::Load::holds(unsigned more, ByteSize memory_more) const {
  return used_slots + more <= slots && used_memory + memory_more <= memory;
}

double Placement::Load::free_part() const {
  return 1 - static_cast<double>(used_slots) / slots;
}

std::size_t Placement::take(unsigned slots, ByteSize memory, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    std::optional<std::size_t> best;
    bool later = false; // another guest's end may make room
    auto rank = [&](const Load& host) { return std::pair(host.holds(slots, memory), host.free_part()); };
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      if (hosts_[i].lost) continue;
      later = later || hosts_[i].could_hold(slots, memory);
      if (!best || rank(hosts_[i]) > rank(hosts_[*best])) best = i;
    }
    if (!best) throw Error(Blame::infra, "none of the {} hosts is left", hosts_.size());
    if (hosts_[*best].holds(slots, memory) || !later) {
      hosts_[*best].used_slots += slots;
      hosts_[*best].used_memory = hosts_[*best].used_memory + memory;
      return *best;
    }
    if (!changed_.wait(lock, stop, [this, seen = changes_] { return changes_ != seen; })) throw Interrupted();
  }
}

void Placement::tell() {
  ++changes_;
  changed_.notify_all();
}

void Placement::give_back(std::size_t host, unsigned slots, ByteSize memory) {
  std::scoped_lock lock(mutex_);
  hosts_.at(host).used_slots -= slots;
  hosts_[host].used_memory = hosts_[host].used_memory - memory;
  tell();
}

void Placement::lose(std::size_t host) {
  std::scoped_lock lock(mutex_);
  hosts_.at(host).lost = true;
  tell();
}

int Placement::lost() const {
  std::scoped_lock lock(mutex_);
  return static_cast<int>(std::ranges::count(hosts_, true, &Load::lost));
}

} // namespace kdt::cli

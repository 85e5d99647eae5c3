#include "run/lacking.hpp"

#include "base/process.hpp"
#include "base/text.hpp"
#include "run/dump_target.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::run {

namespace {

std::string text_of(const Facts& facts, std::string_view name) {
  const auto* value = find(facts, name);
  return value == nullptr ? "" : to_string(*value);
}

} // namespace

std::optional<std::string> lacking(const CellParameters& parameters, const Facts& kernel_facts) {
  const auto& dump = parameters.dump;
  bool compresses = dump.format == "kdump" || dump.format == "flattened";
  if (auto known = text_of(kernel_facts, "makedumpfile_compressions"); compresses && !known.empty()) {
    auto words = split(known, ' ');
    if (std::ranges::find(words, dump.compression) == words.end())
      return fmt::format("the guest's makedumpfile {} was built without {}", text_of(kernel_facts, "makedumpfile"),
                         dump.compression);
  }
  if (dump.target == "ext4" && text_of(kernel_facts, "ext4") == "false")
    return fmt::format("kernel {} has no ext4 built in (CONFIG_EXT4_FS)", parameters.kernel);
  if (dump.target == "ext4" && (!find_system_program("mke2fs") || !find_system_program("debugfs")))
    return "mke2fs and debugfs are not installed on this host: apt-get install e2fsprogs";
  if (dump.target == "ssh" && text_of(kernel_facts, "virtio_net") == "false")
    return fmt::format("kernel {} has no network built in (CONFIG_INET, CONFIG_VIRTIO_NET)", parameters.kernel);
  if (dump.target == "ssh")
    if (auto missing = SshServer::missing()) return missing;
  if (dump.split > 1 && !find_program("makedumpfile"))
    return "makedumpfile is not installed on this host, which puts the parts together: apt-get install makedumpfile";
  return std::nullopt;
}

} // namespace kdt::run

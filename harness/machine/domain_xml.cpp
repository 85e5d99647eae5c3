#include "machine/domain_xml.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <sstream>

namespace kdt::machine {

namespace {

using pugi::xml_node;

/// Adds a child with attributes.
xml_node add(xml_node parent, const char* name,
             std::initializer_list<std::pair<const char*, std::string>> attributes = {}) {
  auto node = parent.append_child(name);
  for (const auto& [key, value] : attributes) node.append_attribute(key) = value.c_str();
  return node;
}

void add_text(xml_node parent, const char* name, const std::string& text) {
  parent.append_child(name).text() = text.c_str();
}

/// The devices of qemu_argv() come in this order, each in the next slot of the root bus: so QEMU places those that are
/// given no address. libvirt would put a root port before each.
class Slots {
public:
  unsigned next() { return next_++; }
  void place(xml_node device) {
    add(device, "address",
        {{"type", "pci"},
         {"domain", "0x0000"},
         {"bus", "0x00"},
         {"slot", fmt::format("{:#04x}", next())},
         {"function", "0x0"}});
  }

private:
  unsigned next_ = 1;
};

void add_cpu(xml_node domain, const MachineSpec& spec) {
  bool host = spec.accelerator == Accelerator::kvm;
  auto cpu = add(domain, "cpu", {{"mode", host ? "host-passthrough" : "custom"}});
  cpu.append_attribute("check") = "none";
  if (!host) {
    cpu.append_attribute("match") = "exact";
    auto model = add(cpu, "model", {{"fallback", "forbid"}});
    model.text() = spec.cpu.substr(0, spec.cpu.find(',')).c_str();
  }
  // As -smp N alone is understood by QEMU's machine virt; libvirt alone would say N sockets.
  add(cpu, "topology", {{"sockets", "1"}, {"dies", "1"}, {"cores", std::to_string(spec.cpus)}, {"threads", "1"}});
}

void add_os(xml_node domain, const MachineSpec& spec) {
  auto os = add(domain, "os");
  auto type = add(os, "type", {{"arch", "aarch64"}, {"machine", "virt"}});
  type.text() = "hvm";
  add_text(os, "kernel", spec.kernel.string());
  add_text(os, "initrd", spec.initramfs.string());
  add_text(os, "cmdline", spec.cmdline);
  add(add(domain, "features"), "gic", {{"version", "3"}});
}

/// A character device: connected to a socket of ours, or of the type that libvirt has streams for.
xml_node add_channel(xml_node devices, const char* element, const std::filesystem::path& socket,
                     const char* stream_type) {
  auto channel = add(devices, element, {{"type", socket.empty() ? stream_type : "unix"}});
  if (!socket.empty()) add(channel, "source", {{"mode", "connect"}, {"path", socket.string()}});
  if (socket.empty() && std::string_view(stream_type) == "unix") add(channel, "source", {{"mode", "bind"}});
  return channel;
}

void add_drive(xml_node devices, const Drive& drive, std::size_t number, Slots& slots) {
  auto disk = add(devices, "disk", {{"type", "file"}, {"device", "disk"}});
  add(disk, "driver",
      {{"name", "qemu"},
       {"type", "raw"},
       {"cache", "unsafe"},
       {"error_policy", "stop"},
       {"rerror_policy", "stop"}}); // reasons: qemu_argv.cpp
  add(disk, "source", {{"file", drive.file.string()}});
  auto letter = static_cast<char>('a' + number);
  add(disk, "target", {{"dev", fmt::format("vd{}", letter)}, {"bus", "virtio"}});
  if (drive.read_only) add(disk, "readonly");
  add_text(disk, "serial", drive.serial);
  slots.place(disk);
}

void add_devices(xml_node domain, const MachineSpec& spec, const DomainPlace& place, Slots& slots) {
  auto devices = add(domain, "devices");
  bool single_thread = spec.accelerator == Accelerator::tcg && !spec.thread_per_cpu;
  bool by_script = single_thread && !place.single_thread_emulator.empty();
  const auto& emulator = by_script ? place.single_thread_emulator : place.emulator;
  if (!emulator.empty()) add_text(devices, "emulator", emulator.string());
  auto serial = add_channel(devices, "serial", place.console, "pty");
  auto target = add(serial, "target", {{"type", "system-serial"}, {"port", "0"}});
  add(target, "model", {{"name", "pl011"}});
  slots.place(add(devices, "controller", {{"type", "virtio-serial"}, {"index", "0"}}));
  auto agent = add_channel(devices, "channel", place.agent, "unix");
  add(agent, "target", {{"type", "virtio"}, {"name", k_agent_port}});
  for (std::size_t i = 0; i < spec.drives.size(); ++i) add_drive(devices, spec.drives[i], i, slots);
  // What libvirt adds by itself and qemu_argv() has not.
  add(devices, "controller", {{"type", "usb"}, {"model", "none"}});
  add(devices, "memballoon", {{"model", "none"}});
}

/// The emulator runs as us, so that it may read our images and disks; nothing is relabelled or confined by name.
void add_labels(xml_node domain, const DomainPlace& place) {
  for (const auto& model : place.security_models) {
    if (model == "none") continue;
    bool dac = model == "dac";
    auto label = add(domain, "seclabel", {{"type", dac ? "static" : "none"}, {"model", model}});
    if (!dac) continue;
    label.append_attribute("relabel") = "no";
    add_text(label, "label", fmt::format("+{}:+{}", place.uid, place.gid));
  }
}

/// What libvirt has no words for, as words for QEMU; of an option that is there twice, QEMU takes the later.
std::vector<std::string> words_for_qemu(const MachineSpec& spec, const DomainPlace& place, Slots& slots) {
  // RAM that is paid for by the page: libvirt 9.0 cannot say reserve=off. Its own RAM object, shared so that it is not
  // reserved either, stays without a single page. RAM that is really shared would take a page for every one the guest
  // only reads, as a dump of all memory does.
  std::vector<std::string> words{"-object",
                                 fmt::format("memory-backend-ram,id=ram,size={},reserve=off", spec.memory.bytes),
                                 "-machine", "memory-backend=ram"};
  auto add_words = [&](std::initializer_list<std::string> more) { words.insert(words.end(), more); };
  if (!spec.dtb_randomness) add_words({"-machine", "dtb-randomness=off"});
  bool properties = spec.cpu.find(',') != std::string::npos && spec.accelerator != Accelerator::kvm;
  if (properties) add_words({"-cpu", spec.cpu});
  if (spec.service && !place.service.empty())
    add_words({"-chardev", fmt::format("socket,id=service,path={}", place.service.string()), "-netdev",
               fmt::format("user,id=net,restrict=on,guestfwd=tcp:{}:{}-chardev:service", spec.service->address,
                           spec.service->port),
               "-device", fmt::format("virtio-net-pci,netdev=net,romfile=,bus=pcie.0,addr={:#x}", slots.next())});
  if (spec.gdb_port) add_words({"-gdb", fmt::format("tcp:127.0.0.1:{}", *spec.gdb_port)});
  return words;
}

void add_memory(xml_node domain, const MachineSpec& spec) {
  add(domain, "memory", {{"unit", "b"}}).text() = std::to_string(spec.memory.bytes).c_str();
  auto backing = add(domain, "memoryBacking");
  add(backing, "source", {{"type", "memfd"}});
  add(backing, "access", {{"mode", "shared"}});
}

} // namespace

std::string domain_xml(const MachineSpec& spec, const DomainPlace& place) {
  pugi::xml_document document;
  auto domain = add(document, "domain", {{"type", spec.accelerator == Accelerator::kvm ? "kvm" : "qemu"}});
  domain.append_attribute("xmlns:qemu") = "http://libvirt.org/schemas/domain/qemu/1.0";
  add_text(domain, "name", spec.name);
  if (!place.uuid.empty()) add_text(domain, "uuid", place.uuid);
  add_memory(domain, spec);
  add_text(domain, "vcpu", std::to_string(spec.cpus));
  add_os(domain, spec);
  add_cpu(domain, spec);
  for (const char* event : {"on_poweroff", "on_reboot", "on_crash"}) add_text(domain, event, "destroy");
  Slots slots;
  add_devices(domain, spec, place, slots);
  add_labels(domain, place);
  auto commandline = add(domain, "qemu:commandline");
  for (const auto& word : words_for_qemu(spec, place, slots)) add(commandline, "qemu:arg", {{"value", word}});
  std::ostringstream text;
  document.save(text, "  ", pugi::format_indent | pugi::format_no_declaration);
  return text.str();
}

Description describe_domain(const MachineSpec& spec, const DomainPlace& place) {
  auto anywhere = place;
  anywhere.uuid.clear();
  anywhere.single_thread_emulator.clear(); // kdt's own, on this host
  for (auto* socket : {&anywhere.console, &anywhere.agent, &anywhere.service}) socket->clear();
  return {.file = "domain.xml", .text = domain_xml(spec, anywhere)};
}

} // namespace kdt::machine

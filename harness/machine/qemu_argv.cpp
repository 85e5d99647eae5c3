#include "machine/qemu_argv.hpp"

#include "base/error.hpp"

#include <fmt/format.h>

namespace kdt::machine {

std::string_view to_string(Accelerator accelerator) {
  return accelerator == Accelerator::kvm ? "kvm" : "tcg";
}

Channels channels_by_fd(int console, int agent, int monitor, bool console_input) {
  auto socket = [](int fd) { return fmt::format("socket,fd={}", fd); };
  Channels channels{.console = socket(console), .agent = socket(agent), .monitor = socket(monitor)};
  if (!console_input) {
    channels.descriptors = {"-add-fd", fmt::format("set=1,fd={}", console)};
    channels.console = "file,path=/dev/fdset/1,append=on"; // else QEMU would cut the pipe to nothing, which cannot be
  }
  return channels;
}

namespace {

/// QEMU's option syntax doubles commas inside a value.
std::string escaped(const std::string& value) {
  std::string text;
  for (char c : value) text += c == ',' ? std::string(",,") : std::string(1, c);
  return text;
}

/// "socket,fd=3" with an id becomes "socket,id=console,fd=3".
std::string chardev(const std::string& id, const std::string& backend) {
  auto comma = backend.find(',');
  std::string rest = comma == std::string::npos ? "" : backend.substr(comma);
  return fmt::format("{},id={}{}", backend.substr(0, comma), id, rest);
}

void add(std::vector<std::string>& argv, std::initializer_list<std::string> words) {
  argv.insert(argv.end(), words);
}

void add_memory(std::vector<std::string>& argv, const MachineSpec& spec) {
  std::string backend = "memory-backend-ram";
  if (!spec.ram_file.empty())
    backend = fmt::format("memory-backend-file,mem-path={},share={}", escaped(spec.ram_file.string()),
                          spec.state_file.empty() ? "on" : "off");
  // reserve=off: a 256 GiB guest starts on a 24 GiB host; it pays only for the pages it touches.
  add(argv, {"-m", fmt::format("{}B", spec.memory.bytes), "-object",
             fmt::format("{},id=ram,size={},reserve=off", backend, spec.memory.bytes)});
}

void add_drives(std::vector<std::string>& argv, const MachineSpec& spec) {
  for (std::size_t i = 0; i < spec.drives.size(); ++i) {
    const auto& drive = spec.drives[i];
    // cache=unsafe: the host's page cache is what we read afterwards; nothing has to survive a host crash.
    // werror, rerror: a host's disk that fails stops the guest and is told us; the guest must not be blamed for it.
    add(argv, {"-drive", fmt::format("if=none,id=drive{},format=raw,cache=unsafe,werror=stop,rerror=stop,file={}{}", i,
                                     escaped(drive.file.string()), drive.read_only ? ",readonly=on" : "")});
    add(argv, {"-device", fmt::format("virtio-blk-pci,drive=drive{},serial={}", i, drive.serial)});
  }
}

void add_service(std::vector<std::string>& argv, const Service& service) {
  // restrict: neither the host nor the world behind it can be reached, but for this one address.
  add(argv, {"-chardev", fmt::format("socket,id=service,fd={}", service.peer), "-netdev",
             fmt::format("user,id=net,restrict=on,guestfwd=tcp:{}:{}-chardev:service", service.address, service.port),
             "-device", "virtio-net-pci,netdev=net,romfile="});
}

} // namespace

std::vector<std::string> qemu_argv(const MachineSpec& spec, const Channels& channels) {
  bool kvm = spec.accelerator == Accelerator::kvm;
  std::vector<std::string> argv{"qemu-system-aarch64"};
  add(argv,
      {"-name", "guest=" + escaped(spec.name), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"});
  // A guest that breaks out of its emulator finds neither new programs nor new privileges.
  add(argv, {"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"});
  std::string machine = "virt,gic-version=3,memory-backend=ram";
  if (!spec.dtb_randomness) machine += ",dtb-randomness=off";
  // One thread for all CPUs of the guest: they seldom work at once, and of several threads each must be stopped for
  // every invalidation of another's TLB, of which a kernel that maps large memory page by page makes millions. But then
  // no two CPUs ever run at the same time, and what they race for is not seen.
  std::string tcg = spec.thread_per_cpu ? "tcg,thread=multi" : "tcg,thread=single";
  add(argv, {"-machine", machine, "-accel", kvm ? "kvm" : tcg});
  add(argv, {"-cpu", kvm ? "host" : spec.cpu, "-smp", std::to_string(spec.cpus)});
  add_memory(argv, spec);
  add(argv, {"-kernel", spec.kernel.string(), "-initrd", spec.initramfs.string(), "-append", spec.cmdline});
  argv.insert(argv.end(), channels.descriptors.begin(), channels.descriptors.end());
  add(argv, {"-chardev", chardev("console", channels.console), "-serial", "chardev:console"});
  add(argv, {"-chardev", chardev("agent", channels.agent), "-device", "virtio-serial-pci", "-device",
             "virtserialport,chardev=agent,name=org.kdt.agent"});
  if (!channels.monitor.empty())
    add(argv, {"-chardev", chardev("monitor", channels.monitor), "-mon", "chardev=monitor,mode=control"});
  add_drives(argv, spec);
  if (spec.service) add_service(argv, *spec.service);
  if (!spec.state_file.empty()) add(argv, {"-incoming", "defer", "-S"});
  if (spec.gdb_port) add(argv, {"-gdb", fmt::format("tcp:127.0.0.1:{}", *spec.gdb_port), "-S"});
  return argv;
}

Description describe_qemu(const MachineSpec& spec) {
  return {.file = "qemu.args", .text = shell_line(qemu_argv(spec, channels_by_fd(3, 4, 5, spec.console_input))) + "\n"};
}

} // namespace kdt::machine

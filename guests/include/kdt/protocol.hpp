#pragma once

// What the harness and the agent in the guest agree on: names, words and limits. The JSON shapes are in records.hpp.
//
// The wire: newline-delimited JSON, UTF-8, over the virtio-serial port k_port_name.
//   host → agent   {"id":7,"ask":"probe", …arguments}
//   agent → host   {"id":7,"answer":{…}}  or  {"id":7,"error":"one sentence"}; id is null if the line had none
//   agent → host   {"event":"hello", …Hello}        each time the host opens the port
//                  {"event":"progress", …Progress}  while an ask takes long
//                  {"event":"trouble","text":"…"}   the agent is about to give up and power off
// One ask is served at a time, in the order in which they came. A host that connects in the middle of a line may see
// the rest of it first. The guest sees only that the port opens: a host that takes over an open port (a fork), or comes
// back at once, asks for the hello.

#include <cstddef>
#include <string_view>

namespace kdt::protocol {

/// Raised when an answer of the old shape would be misread by the new side, or the other way round.
inline constexpr int k_version = 1;

/// Name of the virtio-serial port.
inline constexpr std::string_view k_port_name = "org.kdt.agent";

/// Longest line either side sends, without its newline; a longer one is dropped by the reader.
inline constexpr std::size_t k_max_line = std::size_t{1} << 20;

/// Serial numbers of the virtio-blk drives (at most 20 characters, the device's limit).
inline constexpr std::string_view k_serial_image = "kdt-image";
inline constexpr std::string_view k_serial_initramfs = "kdt-initramfs";
inline constexpr std::string_view k_serial_dump = "kdt-dump";

/// Name of the dump in a file system.
inline constexpr const char* k_dump_name = "vmcore";

/// Where the initramfs holds what the agent uses.
inline constexpr const char* k_probe_module = "/kdt_probe.ko";
inline constexpr const char* k_lzo_preload = "/kdt_lzo.so";       // see agent/preload/lzo_dictionary.cpp
inline constexpr const char* k_direct_preload = "/kdt_direct.so"; // see agent/preload/write.cpp
inline constexpr const char* k_driver_modules = "/modules";       // NAME.ko, and `order`: their names, a line each
inline constexpr const char* k_search_path = "/sbin:/usr/sbin:/bin:/usr/bin";

namespace ask {
inline constexpr std::string_view hello = "hello";
inline constexpr std::string_view wake = "wake"; // to a fork, first of all
inline constexpr std::string_view facts = "facts";
inline constexpr std::string_view load = "load";
inline constexpr std::string_view probe = "probe";
inline constexpr std::string_view resize = "resize";     // writes to /sys/kernel/kexec_crash_size
inline constexpr std::string_view canaries = "canaries"; // fills pages with a known content, for the dump to show
inline constexpr std::string_view trigger = "trigger";
inline constexpr std::string_view save = "save";
inline constexpr std::string_view poweroff = "poweroff";
inline constexpr std::string_view shell = "shell"; // on the console, for a person; nothing is answered after that
} // namespace ask

/// Among the operations of the ask load, besides the loaders.
inline constexpr std::string_view k_unload = "unload";

namespace event {
inline constexpr std::string_view hello = "hello";
inline constexpr std::string_view progress = "progress";
inline constexpr std::string_view trouble = "trouble";
} // namespace event

namespace role {
inline constexpr std::string_view system = "system";
inline constexpr std::string_view capture = "capture";
} // namespace role

/// What the agent says on the console, so that phases can be told apart without the port. One line each; the text
/// after a prefix is free.
namespace marker {
inline constexpr std::string_view prefix = "kdt-agent: ";
inline constexpr std::string_view hello_system = "kdt-agent: hello system";
inline constexpr std::string_view hello_capture = "kdt-agent: hello capture";
inline constexpr std::string_view no_port = "kdt-agent: no port";         // followed by the reason
inline constexpr std::string_view saved = "kdt-agent: saved";             // followed by bytes and seconds
inline constexpr std::string_view save_failed = "kdt-agent: save failed"; // followed by the reason
inline constexpr std::string_view trouble = "kdt-agent: trouble";         // followed by a sentence; power off follows
inline constexpr std::string_view poweroff = "kdt-agent: power off";
} // namespace marker

/// The line that the ask `trigger` leaves in the kernel log is this and the nonce.
inline constexpr std::string_view k_nonce_line = "kdt: nonce ";

/// Words on the kernel command line that the agent obeys.
namespace word {
/// kdt.save=filter:31,compression:lzo,format:flattened,serial:kdt-dump,target:raw — what a capture kernel without a
/// port does before it powers off; absent keys take the values shown.
inline constexpr std::string_view save = "kdt.save";
/// A shell on the console instead of the agent, for people; the machine powers off when it ends.
inline constexpr std::string_view shell = "kdt.shell";
/// Negative controls of the harness: hello and then never another word; a console that never falls silent; an agent
/// that does not find its port.
inline constexpr std::string_view mute = "kdt.mute";
inline constexpr std::string_view flood = "kdt.flood";
inline constexpr std::string_view no_port = "kdt.noport";
} // namespace word

} // namespace kdt::protocol

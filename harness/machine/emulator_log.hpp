#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kdt::machine {

/// What QEMU itself printed, of the log that libvirt keeps of a domain: without the command line, libvirt's own remarks
/// and the time stamps.
std::string words_of_emulator(std::string_view log);

/// What a QEMU said that ended before libvirt could speak with it, of libvirt's message about that; nullopt when the
/// message is about something else.
std::optional<std::string> words_of_failed_start(std::string_view message);

/// What QEMU said when it refused a command, of libvirt's message about that.
std::string words_of_refusal(std::string_view message);

} // namespace kdt::machine

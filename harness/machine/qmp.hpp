#pragma once

#include "machine/machine.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace kdt::machine::qmp {

/// One command line for the monitor; arguments is a JSON object's text, or empty.
std::string command(int id, std::string_view name, std::string_view arguments = {});

/// QMP's answer to the command with this id: a JSON text, or the monitor's own error description.
struct Reply {
  int id = 0;
  std::optional<std::string> error;
  std::string value; ///< text of "return": a bare string as it is, anything else as JSON
};

/// What one line of the monitor says; monostate for the greeting and for lines that are not QMP.
using Message = std::variant<std::monostate, Reply, StateChange>;
Message parse(std::string_view line);

/// The answer to a command that was sent through somebody who gives it an id of his own; nullopt for no answer.
std::optional<Reply> parse_reply(std::string_view text);

/// The text of HMP "info registers -a", one entry a vCPU.
std::vector<CpuRegisters> parse_registers(std::string_view text);

} // namespace kdt::machine::qmp

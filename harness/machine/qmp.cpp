#include "machine/qmp.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <charconv>

namespace kdt::machine::qmp {

using nlohmann::json;

std::string command(int id, std::string_view name, std::string_view arguments) {
  return fmt::format(R"({{"execute":"{}","id":{}{}}})", name, id,
                     arguments.empty() ? "" : fmt::format(R"(,"arguments":{})", arguments));
}

namespace {
/// What error and return say.
Reply reply_in(const json& message) {
  Reply reply;
  if (message.contains("error")) {
    const auto& error = message["error"];
    reply.error = error.is_object() ? error.value("desc", std::string("no description")) : error.dump();
  } else if (message.contains("return")) {
    reply.value = message["return"].is_string() ? message["return"].get<std::string>() : message["return"].dump();
  }
  return reply;
}
} // namespace

Message parse(std::string_view line) {
  auto message = json::parse(line, nullptr, false);
  if (!message.is_object()) return {};
  if (message.contains("event") && message["event"].is_string()) {
    auto data = message.value("data", json::object());
    std::string reason;
    for (const char* member : {"reason", "status"}) // SHUTDOWN, MIGRATION
      if (data.is_object() && data.contains(member) && data[member].is_string()) reason = data[member];
    return StateChange{.name = message["event"], .reason = reason};
  }
  if (!message.contains("id") || !message["id"].is_number_integer()) return {};
  auto reply = reply_in(message);
  reply.id = message["id"];
  return reply;
}

std::optional<Reply> parse_reply(std::string_view text) {
  auto message = json::parse(text, nullptr, false);
  if (!message.is_object() || !(message.contains("return") || message.contains("error"))) return std::nullopt;
  return reply_in(message);
}

namespace {
std::uint64_t hex_after(std::string_view text, std::string_view label) {
  auto at = text.find(label);
  std::uint64_t value = 0;
  if (at == std::string_view::npos) return 0;
  auto digits = text.substr(at + label.size());
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}
} // namespace

std::vector<CpuRegisters> parse_registers(std::string_view text) {
  std::vector<CpuRegisters> cpus;
  for (const auto& line : split(text, '\n')) {
    if (line.starts_with("CPU#")) {
      CpuRegisters registers;
      std::from_chars(line.data() + 4, line.data() + line.size(), registers.cpu);
      cpus.push_back(registers);
    } else if (!cpus.empty()) {
      auto& current = cpus.back();
      if (current.text.empty()) current.pc = hex_after(line, "PC=");
      current.text += std::string(trim(line)) + "\n";
    }
  }
  return cpus;
}

} // namespace kdt::machine::qmp

#pragma once

#include "base/error.hpp"
#include "kdt/records.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace kdt::guest {

/// The agent did what it was asked; take the record out with read<protocol::Facts>(answer) and its like.
struct Answer {
  std::uint64_t id = 0;
  std::string ask{}; ///< the name that was asked, e.g. "facts"
  protocol::Json body{};
};

/// The agent could not do what it was asked, or could not read the line (id 0, no ask).
struct Refusal {
  std::uint64_t id = 0;
  std::string ask{};
  std::string sentence{};
};

/// The agent is giving up: the machine powers off next.
struct Trouble {
  std::string text{};
};

/// The port was opened: the agent's first word in each kernel. (The answer to the ask hello is an Answer.)
using Hello = protocol::Hello;
/// A long ask is under way.
using Progress = protocol::Progress;

using Message = std::variant<Hello, Progress, Answer, Refusal, Trouble>;

/// The host's side of the agent protocol, without a transport: makes the lines of asks, understands the lines that come
/// back, and knows which answer belongs to which ask. Not thread-safe: one for each machine.
class Asker {
public:
  /// The line that asks `name`, without its newline.
  std::string ask(std::string_view name) { return line(name, protocol::Json::object()); }
  /// The same with arguments, e.g. ask(protocol::ask::load, protocol::LoadAsk{…}).
  template <class Record>
  std::string ask(std::string_view name, const Record& arguments) {
    return line(name, protocol::encode(arguments));
  }

  /// What a line of the agent says; nullopt for one that says nothing to us: no JSON object, an event we do not know,
  /// an answer to nobody's ask (a fork hears answers that its template asked for). Unknown fields are ignored. Throws
  /// Error{infra} for a line of ours whose fields are missing or of the wrong type.
  std::optional<Message> feed(std::string_view line);

  /// The id of the last ask; 0 before the first.
  std::uint64_t last_id() const { return last_id_; }
  /// How many asks have no answer yet.
  std::size_t waiting() const { return waiting_.size(); }
  /// Lines that said nothing to us so far, for the events' log.
  std::size_t ignored() const { return ignored_; }

private:
  std::string line(std::string_view name, const protocol::Json& arguments);
  std::optional<Message> feed_event(const protocol::Json& json);
  std::optional<Message> feed_reply(const protocol::Json& json);

  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::string> waiting_{}; ///< id → the name that was asked
  std::size_t ignored_ = 0;
};

/// The record in an answer, e.g. read<protocol::LoadAnswer>(answer). Throws Error{infra, "the agent sent …"} if a field
/// is missing or of the wrong type.
template <class Record>
Record read(const Answer& answer) {
  try {
    auto record = protocol::decode<Record>(answer.body, answer.ask);
    if constexpr (std::is_same_v<Record, protocol::ProbeAnswer>) {
      auto granule = record.linear_map.granule; // of a guest that may be broken: we divide by it
      if (granule != 4096 && granule != 16384 && granule != 65536)
        throw Error(Blame::infra, "the agent sent a wrong answer: there are no pages of {} bytes", granule);
    }
    return record;
  } catch (const protocol::ShapeError& error) {
    throw Error(Blame::infra, "the agent sent a wrong answer: {}", error.what());
  }
}

} // namespace kdt::guest

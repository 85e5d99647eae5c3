#include "guest/asker.hpp"

namespace kdt::guest {

std::string Asker::line(std::string_view name, const protocol::Json& arguments) {
  protocol::Json json = {{"id", ++last_id_}, {"ask", name}};
  json.update(arguments);
  waiting_[last_id_] = name;
  std::string text = json.dump(-1, ' ', false, protocol::Json::error_handler_t::replace);
  if (text.size() > protocol::k_max_line)
    throw Error(Blame::usage, "the ask {} is longer than a line to the agent may be", name);
  return text;
}

std::optional<Message> Asker::feed(std::string_view line) {
  std::optional<Message> message;
  if (line.size() <= protocol::k_max_line) {
    const auto json = protocol::Json::parse(line, nullptr, false);
    try {
      if (json.is_object()) message = json.contains("event") ? feed_event(json) : feed_reply(json);
    } catch (const protocol::ShapeError& error) {
      throw Error(Blame::infra, "the agent sent a wrong line: {}", error.what());
    }
  }
  if (!message) ++ignored_;
  return message;
}

std::optional<Message> Asker::feed_event(const protocol::Json& json) {
  const auto name = protocol::decode<std::string>(json["event"], "event");
  if (name == protocol::event::hello) return protocol::decode<Hello>(json, name);
  if (name == protocol::event::progress) return protocol::decode<Progress>(json, name);
  if (name == protocol::event::trouble)
    return Trouble{json.contains("text") ? protocol::decode<std::string>(json["text"], "trouble.text") : ""};
  return std::nullopt;
}

std::optional<Message> Asker::feed_reply(const protocol::Json& json) {
  const bool refused = json.contains("error");
  if (!refused && !json.contains("answer")) return std::nullopt;
  const std::string sentence = refused ? protocol::decode<std::string>(json["error"], "error") : "";
  if (!json.contains("id") || json["id"].is_null())
    return refused ? std::optional<Message>(Refusal{.id = 0, .ask = {}, .sentence = sentence}) : std::nullopt;

  const auto found = waiting_.find(protocol::decode<std::uint64_t>(json["id"], "id"));
  if (found == waiting_.end()) return std::nullopt;
  const auto [id, ask] = *found;
  waiting_.erase(found);
  if (refused) return Refusal{.id = id, .ask = ask, .sentence = sentence};
  return Answer{.id = id, .ask = ask, .body = json["answer"]};
}

} // namespace kdt::guest

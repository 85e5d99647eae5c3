#include "machine/event_queue.hpp"

#include "base/error.hpp"

#include <boost/asio/post.hpp>

namespace kdt::machine {

namespace asio = boost::asio;

EventQueue::EventQueue(std::stop_token stop)
    : stop_(std::move(stop)), wake_(stop_, [this] { asio::post(context_, [] {}); }) {}

void EventQueue::read(ByteStream& stream, std::function<void(std::string_view)> on_bytes) {
  ++open_streams_;
  auto in_order = [this, &stream, on_bytes = std::move(on_bytes)](std::string_view bytes) {
    if (console_ != nullptr && console_ != &stream) console_->catch_up();
    on_bytes(bytes);
  };
  stream.read(std::move(in_order), [this] {
    --open_streams_;
    push_end_when_drained();
  });
}

void EventQueue::read_console(ByteStream& console) {
  console_ = &console;
  read(console, [this](std::string_view bytes) {
    auto* last = events_.empty() ? nullptr : std::get_if<ConsoleOutput>(&events_.back());
    if (last != nullptr)
      last->bytes += bytes;
    else
      events_.push_back(ConsoleOutput{std::string(bytes)});
  });
}

void EventQueue::read_agent(ByteStream& agent) {
  read(agent, [this](std::string_view bytes) {
    agent_lines_.feed(bytes, [this](std::string_view line) { events_.push_back(AgentLine{std::string(line)}); });
  });
}

void EventQueue::end(std::function<Ended()> make) {
  end_ = std::move(make);
  if (console_ != nullptr) console_->catch_up();
  push_end_when_drained();
}

void EventQueue::push_end_when_drained() {
  if (!end_ || open_streams_ > 0 || ended_) return;
  events_.push_back(end_());
  ended_ = true;
}

bool EventQueue::pump(Deadline deadline) {
  if (stop_.stop_requested()) throw Interrupted();
  if (context_.stopped()) context_.restart();
  std::size_t happened = 0;
  if (deadline.at() == Clock::time_point::max())
    happened = context_.run_one();
  else if (deadline.passed())
    happened = context_.poll_one(); // run_one_until() would not even look
  else
    happened = context_.run_one_until(deadline.at());
  if (stop_.stop_requested()) throw Interrupted();
  return happened > 0;
}

Event EventQueue::next(Deadline deadline) {
  if (stop_.stop_requested()) throw Interrupted();
  while (events_.empty()) {
    bool late = deadline.passed();
    if (late && console_ != nullptr) console_->catch_up();
    bool happened = pump(deadline); // also when it is late: all that came while nobody looked counts
    if (late && !happened && events_.empty()) return TimedOut{};
  }
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

} // namespace kdt::machine

#pragma once

#include "machine/byte_stream.hpp"
#include "machine/channel.hpp"
#include "machine/machine.hpp"

#include <boost/asio/io_context.hpp>

#include <deque>
#include <functional>
#include <stop_token>

namespace kdt::machine {

/// What happens to a guest, as one ordered stream. It owns the io_context in which all waits of a machine run, what was
/// read of the agent's line that is not whole yet, and the events that nobody took so far; not the streams, which are
/// the machine's. Used by one thread, but for what is posted to the context.
class EventQueue {
public:
  /// A stop request ends every wait with Interrupted.
  explicit EventQueue(std::stop_token stop);
  EventQueue(EventQueue&&) = delete;

  boost::asio::io_context& context() { return context_; }

  /// Everything that the streams bring becomes events; the guest's end waits until each of them has ended, too. What
  /// other streams bring comes after what the console had brought by then, so each complaint is told before the answer
  /// that follows it.
  void read_console(ByteStream& console);
  void read_agent(ByteStream& agent);
  /// A stream whose bytes are the machine's to read.
  void read(ByteStream& stream, std::function<void(std::string_view)> on_bytes);
  /// Nothing more comes from the streams, though they did not end.
  void give_streams_up() {
    open_streams_ = 0;
    console_ = nullptr;
  }

  void push(Event event) { events_.push_back(std::move(event)); }
  /// The guest has ended: the last event, made when everything that was written before it is here. Of several ends that
  /// are told before then the last counts.
  void end(std::function<Ended()> make);
  bool ended() const { return ended_; }

  /// Lets one thing happen, or the deadline pass; false when nothing happened. Throws Interrupted.
  bool pump(Deadline deadline);
  /// The oldest event, which it takes away; TimedOut at the deadline; throws Interrupted.
  Event next(Deadline deadline);
  /// Those that nobody took yet, the oldest first.
  const std::deque<Event>& waiting() const { return events_; }

private:
  void push_end_when_drained();

  std::stop_token stop_;
  boost::asio::io_context context_;
  Lines agent_lines_;
  std::deque<Event> events_;
  ByteStream* console_ = nullptr;
  int open_streams_ = 0;
  std::function<Ended()> end_;
  bool ended_ = false;
  std::stop_callback<std::function<void()>> wake_;
};

} // namespace kdt::machine

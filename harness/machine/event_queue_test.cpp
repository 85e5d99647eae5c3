#include "base/error.hpp"
#include "machine/event_queue.hpp"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <thread>
#include <utility>

namespace kdt::machine {

using namespace std::chrono_literals;

namespace {

/// A stream whose other end is the test.
class PlayedStream final : public ByteStream {
public:
  void read(std::function<void(std::string_view)> on_bytes, std::function<void()> on_close) override {
    bring = std::move(on_bytes);
    close = std::move(on_close);
  }
  void write(std::string) override {}
  void catch_up() override {
    if (!left.empty()) bring(std::exchange(left, ""));
  }

  std::string left; ///< what has come and was not brought yet
  std::function<void(std::string_view)> bring;
  std::function<void()> close;
};

class EventQueueTest : public ::testing::Test {
protected:
  template <typename Wanted>
  Wanted next() {
    return std::get<Wanted>(queue_.next(Deadline::after(0s)));
  }
  static Ended ended(int code) { return Ended{.status = {.code = code}}; }

  std::stop_source stop_;
  EventQueue queue_{stop_.get_token()};
  PlayedStream console_;
  PlayedStream agent_;
  PlayedStream monitor_;
};

} // namespace

TEST_F(EventQueueTest, HandsOutInOrderWhatCame) {
  queue_.read_console(console_);
  queue_.read_agent(agent_);
  console_.bring("a");
  console_.bring("b\n"); // nobody took the first: one event
  agent_.bring("one\ntw");
  queue_.push(StateChange{.name = "STOP"});
  agent_.bring("o\n");
  console_.bring("c");
  EXPECT_EQ(queue_.waiting().size(), 5U);
  EXPECT_EQ(next<ConsoleOutput>().bytes, "ab\n");
  EXPECT_EQ(next<AgentLine>().text, "one");
  EXPECT_EQ(next<StateChange>().name, "STOP");
  EXPECT_EQ(next<AgentLine>().text, "two");
  EXPECT_EQ(next<ConsoleOutput>().bytes, "c");
  next<TimedOut>();
}

TEST_F(EventQueueTest, WhatTheConsoleHasBroughtComesBeforeWhatAnotherStreamBringsThen) {
  queue_.read_console(console_);
  queue_.read_agent(agent_);
  queue_.read(monitor_, [&](std::string_view) { queue_.push(StateChange{.name = "STOP"}); });
  console_.left = "a complaint";
  agent_.bring("the answer\n");
  console_.left = "another";
  monitor_.bring("{}");
  EXPECT_EQ(next<ConsoleOutput>().bytes, "a complaint");
  EXPECT_EQ(next<AgentLine>().text, "the answer");
  EXPECT_EQ(next<ConsoleOutput>().bytes, "another");
  EXPECT_EQ(next<StateChange>().name, "STOP");
  console_.left = ", and what came after it";
  console_.bring("what it brings");
  EXPECT_EQ(queue_.waiting().size(), 1U);
  EXPECT_EQ(next<ConsoleOutput>().bytes, "what it brings");
  EXPECT_EQ(next<ConsoleOutput>().bytes, ", and what came after it") << "though nobody looked";
  next<TimedOut>();
}

TEST_F(EventQueueTest, TheEndIsLastWhoeverTellsItFirst) {
  queue_.read_console(console_);
  queue_.read_agent(agent_);
  std::string monitored;
  queue_.read(monitor_, [&](std::string_view bytes) { monitored += bytes; });
  std::string words = "too early";
  queue_.end([&] { return Ended{.status = {.code = 5}, .words = words}; });
  console_.bring("last words");
  console_.close();
  agent_.close();
  monitor_.bring("{}");
  EXPECT_FALSE(queue_.ended());
  words = "in time";
  monitor_.close();
  EXPECT_TRUE(queue_.ended());
  EXPECT_EQ(monitored, "{}");
  EXPECT_EQ(next<ConsoleOutput>().bytes, "last words");
  auto end = next<Ended>();
  EXPECT_EQ(end.status.code, 5);
  EXPECT_EQ(end.words, "in time");
  next<TimedOut>();
}

TEST_F(EventQueueTest, WhatTheConsoleHadLeftComesBeforeTheEnd) {
  queue_.read_console(console_);
  console_.left = "last words";
  queue_.end([] { return ended(1); });
  console_.close();
  EXPECT_EQ(next<ConsoleOutput>().bytes, "last words");
  next<Ended>();
}

TEST_F(EventQueueTest, EndsOnceAndAsTheLastThatWasTold) {
  queue_.read_console(console_);
  queue_.end([] { return ended(1); });
  queue_.end([] { return ended(2); });
  console_.close();
  queue_.end([] { return ended(3); });
  EXPECT_EQ(next<Ended>().status.code, 2);
  next<TimedOut>();
}

TEST_F(EventQueueTest, AGuestThatNeverSpokeEndsAtOnce) {
  queue_.end([] { return ended(1); });
  EXPECT_EQ(next<Ended>().status.code, 1);
}

TEST_F(EventQueueTest, DoesNotWaitForStreamsThatWereGivenUp) {
  queue_.read_console(console_);
  queue_.give_streams_up();
  queue_.end([] { return ended(1); });
  EXPECT_TRUE(queue_.ended());
  console_.close();
  EXPECT_EQ(queue_.waiting().size(), 1U);
}

TEST_F(EventQueueTest, WhatCameWhileNobodyLookedCountsThoughMuchCameBeforeIt) {
  for (int i = 0; i < 10; ++i) boost::asio::post(queue_.context(), [] {});
  boost::asio::post(queue_.context(), [this] { queue_.push(StateChange{.name = "STOP"}); });
  EXPECT_EQ(next<StateChange>().name, "STOP");
  next<TimedOut>();
}

TEST_F(EventQueueTest, WhatCameWhileNobodyLookedCountsThoughItIsLate) {
  boost::asio::post(queue_.context(), [&] { queue_.push(StateChange{.name = "RESET"}); });
  EXPECT_EQ(next<StateChange>().name, "RESET");
}

TEST_F(EventQueueTest, AStopRequestEndsAWait) {
  std::jthread asker([&] { stop_.request_stop(); });
  EXPECT_THROW(queue_.next(Deadline::after(30s)), Interrupted);
}

TEST_F(EventQueueTest, AfterAStopRequestNothingIsHandedOut) {
  queue_.push(StateChange{.name = "STOP"});
  stop_.request_stop();
  EXPECT_THROW(queue_.next(Deadline::after(30s)), Interrupted);
  EXPECT_THROW(queue_.pump(Deadline::after(30s)), Interrupted);
}

} // namespace kdt::machine

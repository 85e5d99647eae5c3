#include "base/error.hpp"
#include "machine/blocking_calls.hpp"

#include <gtest/gtest.h>

#include <future>

namespace kdt::machine {

using namespace std::chrono_literals;

namespace {

class BlockingCallsTest : public ::testing::Test {
protected:
  void pump(Deadline deadline) {
    if (context_.stopped()) context_.restart();
    context_.run_one_until(deadline.at());
  }

  boost::asio::io_context context_;
  BlockingCalls calls_{context_, [this](Deadline deadline) { pump(deadline); }};
};

} // namespace

TEST_F(BlockingCallsTest, ReturnWhatTheFunctionReturns) {
  EXPECT_EQ(calls_.call("a call", Deadline::after(30s), [] { return std::string("value"); }), "value");
}

TEST_F(BlockingCallsTest, ThrowWhatTheFunctionThrows) {
  auto fails = []() -> std::string { throw Error(Blame::tool, "its own sentence"); };
  try {
    calls_.call("a call", Deadline::after(30s), fails);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "its own sentence");
  }
}

TEST_F(BlockingCallsTest, EndAtTheDeadlineAndTheLateAnswerHarmsNobody) {
  std::promise<void> release;
  auto blocked = [future = release.get_future().share()] {
    future.wait();
    return std::string("late");
  };
  EXPECT_THROW(calls_.call("a call", Deadline::after(50ms), blocked), Error);
  release.set_value();
  EXPECT_EQ(calls_.call("another", Deadline::after(30s), [] { return std::string("next"); }), "next");
}

TEST_F(BlockingCallsTest, WhatNobodyWaitsForIsDoneBeforeTheJoin) {
  bool done = false;
  calls_.post([] { throw Error(Blame::infra, "lost"); });
  calls_.post([&] { done = true; });
  calls_.join();
  EXPECT_TRUE(done);
}

} // namespace kdt::machine

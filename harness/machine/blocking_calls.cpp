#include "machine/blocking_calls.hpp"

#include "base/error.hpp"

#include <boost/asio/post.hpp>

#include <exception>
#include <memory>

namespace kdt::machine {

namespace asio = boost::asio;

std::string BlockingCalls::call(std::string_view what, Deadline deadline, std::function<std::string()> function) {
  struct Outcome {
    bool done = false;
    std::string value{};
    std::exception_ptr thrown{};
  };
  // Shared with the call, which may outlast the wait for it.
  auto outcome = std::make_shared<Outcome>();
  asio::post(thread_, [this, outcome, function = std::move(function)] {
    Outcome result{.done = true};
    try {
      result.value = function();
    } catch (...) {
      result.thrown = std::current_exception();
    }
    asio::post(context_, [outcome, result = std::move(result)] { *outcome = result; });
  });
  while (!outcome->done) {
    if (deadline.passed()) throw Error(Blame::infra, "libvirt did not answer in time: {}", what);
    pump_(deadline);
  }
  if (outcome->thrown) std::rethrow_exception(outcome->thrown);
  return outcome->value;
}

void BlockingCalls::post(std::function<void()> function) {
  asio::post(thread_, [function = std::move(function)] {
    try {
      function();
    } catch (const std::exception&) { // nobody waits for it
    }
  });
}

void BlockingCalls::join() {
  thread_.join();
}

} // namespace kdt::machine

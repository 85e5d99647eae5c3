#pragma once

#include "base/deadline.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace kdt::machine {

/// Calls that block, of which libvirt's may do so for as long as QEMU is silent, made by a thread of their own, one
/// after the other, for a thread that waits no longer than it wants to.
class BlockingCalls {
public:
  /// Lets one thing happen in the context, or the deadline pass; what it throws ends the wait.
  using Pump = std::function<void(Deadline)>;

  /// The context of the thread that waits.
  BlockingCalls(boost::asio::io_context& context, Pump pump) : context_(context), pump_(std::move(pump)) {}
  ~BlockingCalls() { join(); }

  /// What the function returns, or throws. Throws Error{infra} at the deadline, and what pump throws; the function then
  /// goes on, so it must hold on to all that it uses.
  std::string call(std::string_view what, Deadline deadline, std::function<std::string()> function);
  /// Without waiting; what it throws is lost.
  void post(std::function<void()> function);
  /// Waits for the last of them.
  void join();

private:
  boost::asio::io_context& context_;
  Pump pump_;
  boost::asio::thread_pool thread_{1};
};

} // namespace kdt::machine

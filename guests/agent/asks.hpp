#pragma once

#include "kdt/records.hpp"

#include <functional>
#include <string>

namespace kdt::agent {

/// What an ask may use besides its arguments.
struct Session {
  bool capture = false;    // which of the two kernels runs
  double init_seconds = 0; // uptime when the agent started
  /// Sends a progress event for the ask being served.
  std::function<void(const protocol::Progress&)> progress = [](const protocol::Progress&) {};
};

/// The answer to an ask, and what is done once it is on its way (a trigger does not return).
struct Reply {
  protocol::Json answer;
  std::function<void()> then;
};

/// What hello says now.
protocol::Hello hello(const Session& session);
/// Saves the dump and says so on the console; throws Trouble if it cannot even begin. Also what a capture kernel
/// without a port does.
protocol::SaveAnswer save(const Session& session, const protocol::SaveAsk& ask);

/// Serves one ask; throws Trouble or protocol::ShapeError, whose text is the ask's error.
Reply serve(const Session& session, const std::string& name, const protocol::Json& arguments);

// One function for each ask, each in its own file.
Reply serve_wake(const Session& session, const protocol::Json& arguments);
Reply serve_facts(const Session& session, const protocol::Json& arguments);
Reply serve_load(const Session& session, const protocol::Json& arguments);
Reply serve_probe(const Session& session, const protocol::Json& arguments);
Reply serve_resize(const Session& session, const protocol::Json& arguments);
Reply serve_canaries(const Session& session, const protocol::Json& arguments);
Reply serve_trigger(const Session& session, const protocol::Json& arguments);
Reply serve_save(const Session& session, const protocol::Json& arguments);

} // namespace kdt::agent

#include "asks.hpp"

#include "shell.hpp"
#include "system.hpp"

#include <map>
#include <sys/utsname.h>

namespace kdt::agent {

namespace {

Reply serve_hello(const Session& session, const protocol::Json&) {
  return {protocol::encode(hello(session)), {}};
}

Reply serve_poweroff(const Session&, const protocol::Json&) {
  return {protocol::encode(protocol::Done{}), [] {
            say(protocol::marker::poweroff);
            power_off();
          }};
}

Reply serve_shell(const Session& session, const protocol::Json&) {
  return {protocol::encode(protocol::Done{}), [&session] { run_shell(session); }};
}

using Serve = Reply (*)(const Session&, const protocol::Json&);
const std::map<std::string_view, Serve> k_asks = {
    {protocol::ask::hello, serve_hello},       {protocol::ask::wake, serve_wake},
    {protocol::ask::facts, serve_facts},       {protocol::ask::load, serve_load},
    {protocol::ask::probe, serve_probe},       {protocol::ask::resize, serve_resize},
    {protocol::ask::canaries, serve_canaries}, {protocol::ask::trigger, serve_trigger},
    {protocol::ask::save, serve_save},         {protocol::ask::poweroff, serve_poweroff},
    {protocol::ask::shell, serve_shell},
};

} // namespace

protocol::Hello hello(const Session& session) {
  utsname name{};
  uname(&name);
  return {.role = std::string(session.capture ? protocol::role::capture : protocol::role::system),
          .protocol = protocol::k_version,
          .release = name.release,
          .uptime_seconds = uptime(),
          .init_seconds = session.init_seconds};
}

Reply serve(const Session& session, const std::string& name, const protocol::Json& arguments) {
  const auto found = k_asks.find(name);
  if (found == k_asks.end()) throw Trouble("there is no ask '" + name + "'");
  return found->second(session, arguments);
}

} // namespace kdt::agent

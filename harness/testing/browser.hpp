#pragma once

#include "base/child.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace kdt::testing {

/// A headless Chromium with one page, spoken to through the DevTools protocol on a pipe (--remote-debugging-pipe): no
/// port, no driver. Throws Error when it cannot be started, does not answer in time, or a script throws.
class Browser {
public:
  using Json = nlohmann::json;

  Browser() {
    boost::asio::local::connect_pair(ours_, theirs_);
    // The browser wants its pipe at descriptors 3 and 4; a shell moves it there.
    auto fd = theirs_.native_handle();
    auto move = fmt::format("exec chromium \"$@\" 3<&{} 4>&{}", fd, fd);
    Command command{.argv = {"/bin/bash", "-c", move, "chromium", "--headless", "--no-sandbox", "--disable-gpu",
                             "--disable-quic", "--no-first-run", "--disable-background-networking",
                             "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                             "--disable-extensions", "--window-size=1280,900", "--remote-debugging-pipe",
                             "--user-data-dir=" + profile_.path().string(), "about:blank"}};
    child_.emplace(context_.get_executor(), command, ChildFds{.inherited = {fd}});
    theirs_.close();
    auto target = call("Target.createTarget", {{"url", "about:blank"}})["targetId"];
    session_ = call("Target.attachToTarget", {{"targetId", target}, {"flatten", true}})["sessionId"];
    for (const char* domain : {"Page.enable", "Runtime.enable", "Log.enable"}) call(domain, Json::object());
  }

  static bool installed() { return find_program("chromium").has_value(); }

  /// Waits for the page's load event.
  void open(const fs::path& file, const std::string& fragment = "") {
    go("about:blank"); // to the same file with another fragment a browser would only scroll
    complaints_.clear();
    go("file://" + file.string() + fragment);
  }

  /// The page's size in CSS pixels, as of a window or a phone.
  void resize(int width, int height) {
    call("Emulation.setDeviceMetricsOverride",
         {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", false}});
  }

  /// The value of a JavaScript expression.
  Json value(const std::string& expression) {
    auto reply =
        call("Runtime.evaluate", {{"expression", expression}, {"returnByValue", true}, {"awaitPromise", true}});
    if (reply.contains("exceptionDetails")) throw Error(Blame::infra, "{}: {}", expression, reply.dump());
    return reply["result"].value("value", Json());
  }

  /// Runs the statements of a function and returns what it returns.
  Json run(const std::string& body) { return value(fmt::format("(async () => {{ {} }})()", body)); }

  /// What the browser's console has shown since the page was opened: errors, warnings, uncaught exceptions.
  const std::vector<std::string>& complaints() const { return complaints_; }

private:
  void go(const std::string& url) {
    loaded_ = false;
    call("Page.navigate", {{"url", url}});
    while (!loaded_) take(receive());
  }

  Json call(const std::string& method, const Json& parameters) {
    Json message{{"id", ++last_id_}, {"method", method}, {"params", parameters}};
    if (!session_.is_null()) message["sessionId"] = session_;
    boost::asio::write(ours_, boost::asio::buffer(message.dump() + '\0'));
    for (;;) {
      auto reply = receive();
      if (reply.value("id", 0) != last_id_) {
        take(reply);
      } else if (reply.contains("error")) {
        throw Error(Blame::infra, "the browser refuses {}: {}", method, reply["error"].dump());
      } else {
        return reply["result"];
      }
    }
  }

  /// The next message; each has a minute, which only a browser that hangs needs.
  Json receive() {
    bool done = false;
    boost::system::error_code failure;
    std::size_t length = 0;
    boost::asio::async_read_until(ours_, boost::asio::dynamic_buffer(received_), '\0', [&](auto error, auto n) {
      failure = error;
      length = n;
      done = true;
    });
    context_.restart();
    context_.run_for(std::chrono::minutes(1));
    if (!done) {
      ours_.close(); // the read must not outlive what it writes to
      context_.run();
      throw Error(Blame::infra, "the browser does not answer");
    }
    if (failure) throw Error(Blame::infra, "the browser is gone: {}", failure.message());
    auto message = Json::parse(received_.substr(0, length - 1));
    received_.erase(0, length);
    return message;
  }

  void take(const Json& event) {
    auto method = event.value("method", "");
    if (method == "Page.loadEventFired") loaded_ = true;
    if (method == "Runtime.exceptionThrown" || method == "Log.entryAdded" || method == "Runtime.consoleAPICalled")
      complaints_.push_back(event["params"].dump());
  }

  TempDir profile_{"kdt-browser"};
  boost::asio::io_context context_;
  boost::asio::local::stream_protocol::socket ours_{context_};
  boost::asio::local::stream_protocol::socket theirs_{context_};
  std::optional<Child> child_;
  std::string received_;
  std::vector<std::string> complaints_;
  Json session_;
  int last_id_ = 0;
  bool loaded_ = false;
};

} // namespace kdt::testing

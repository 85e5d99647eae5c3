#include "machine/relay.hpp"

#include <boost/asio/write.hpp>

namespace kdt::machine {

namespace asio = boost::asio;
using boost::system::error_code;

Relay::Relay(asio::io_context& context, UniqueFd one, UniqueFd other) : one_(context), other_(context) {
  one_.assign(asio::local::stream_protocol(), one.release());
  other_.assign(asio::local::stream_protocol(), other.release());
  pass(there_);
  pass(back_);
}

void Relay::pass(Way& way) {
  way.from.async_read_some(asio::buffer(way.buffer), [this, &way](error_code error, std::size_t count) {
    if (error == asio::error::operation_aborted) return; // we are being destroyed
    error_code ignored;
    if (error) {
      way.to.shutdown(Socket::shutdown_send, ignored);
      return;
    }
    asio::async_write(way.to, asio::buffer(way.buffer.data(), count), [this, &way](error_code failed, std::size_t) {
      if (!failed) pass(way);
    });
  });
}

} // namespace kdt::machine

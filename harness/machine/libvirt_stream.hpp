#pragma once

#include "machine/byte_stream.hpp"
#include "machine/libvirt_connection.hpp"

#include <boost/asio/io_context.hpp>

#include <functional>
#include <memory>

namespace kdt::machine {

using StreamHandle = CHandle<virStream, virStreamFree>;

/// A stream of libvirt's that leads to a guest's console or channel, wherever the guest runs. libvirt's own thread
/// moves the bytes; what arrives is handed out by the thread that runs the context.
class LibvirtStream final : public ByteStream {
public:
  /// open: leads the stream to its place; negative when libvirt refused. Throws Error{infra}. It is called here, and
  /// may block; all else does not.
  LibvirtStream(virConnectPtr connection, boost::asio::io_context& context, const char* what,
                const std::function<int(virStreamPtr)>& open);
  ~LibvirtStream() override;

  void read(std::function<void(std::string_view)> on_bytes, std::function<void()> on_close) override;
  void write(std::string text) override;

private:
  struct Ends;
  std::shared_ptr<Ends> ends_; ///< shared with libvirt, which may be calling back while this object goes
};

} // namespace kdt::machine

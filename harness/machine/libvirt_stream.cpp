#include "machine/libvirt_stream.hpp"

#include "base/error.hpp"

#include <boost/asio/post.hpp>

#include <mutex>

namespace kdt::machine {

namespace asio = boost::asio;

namespace {
constexpr int k_would_block = -2; // virStreamRecv and virStreamSend
} // namespace

struct LibvirtStream::Ends : std::enable_shared_from_this<Ends> {
  Ends(StreamHandle the_stream, asio::io_context& the_context) : stream(std::move(the_stream)), context(&the_context) {}

  void happened(int events);
  void receive();
  void send();
  void close();

  std::mutex mutex;
  StreamHandle stream;
  asio::io_context* context; ///< nullptr: nobody reads any more
  std::string waiting;       ///< to be sent
  bool closed = false;
  std::function<void(std::string_view)> on_bytes;
  std::function<void()> on_close;
};

/// In libvirt's thread.
void LibvirtStream::Ends::happened(int events) {
  std::scoped_lock lock(mutex);
  if (context == nullptr || closed) return;
  if ((events & VIR_STREAM_EVENT_READABLE) != 0) receive();
  if (!closed && (events & VIR_STREAM_EVENT_WRITABLE) != 0) send();
  if (!closed && (events & (VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP)) != 0) close();
}

void LibvirtStream::Ends::receive() {
  char buffer[65536];
  for (;;) {
    int count = ::virStreamRecv(stream.get(), buffer, sizeof buffer);
    if (count == k_would_block) return;
    if (count <= 0) return close();
    asio::post(*context, [self = shared_from_this(), bytes = std::string(buffer, static_cast<std::size_t>(count))] {
      if (self->on_bytes) self->on_bytes(bytes);
    });
  }
}

void LibvirtStream::Ends::send() {
  while (!waiting.empty()) {
    int count = ::virStreamSend(stream.get(), waiting.data(), waiting.size());
    if (count == k_would_block) break;
    if (count < 0) return waiting.clear(); // the peer is gone: its end is an event of its own
    waiting.erase(0, static_cast<std::size_t>(count));
  }
  ::virStreamEventUpdateCallback(stream.get(),
                                 VIR_STREAM_EVENT_READABLE | (waiting.empty() ? 0 : VIR_STREAM_EVENT_WRITABLE));
}

void LibvirtStream::Ends::close() {
  closed = true;
  ::virStreamEventRemoveCallback(stream.get());
  ::virStreamAbort(stream.get());
  asio::post(*context, [self = shared_from_this()] {
    if (self->on_close) self->on_close();
  });
}

LibvirtStream::LibvirtStream(virConnectPtr connection, asio::io_context& context, const char* what,
                             const std::function<int(virStreamPtr)>& open) {
  StreamHandle stream(::virStreamNew(connection, VIR_STREAM_NONBLOCK));
  if (!stream || open(stream.get()) < 0)
    throw Error(Blame::infra, "libvirt does not lead to the guest's {}: {}", what, libvirt_message());
  ends_ = std::make_shared<Ends>(std::move(stream), context);
}

LibvirtStream::~LibvirtStream() {
  std::scoped_lock lock(ends_->mutex);
  ends_->context = nullptr;
  if (ends_->closed) return;
  ::virStreamEventRemoveCallback(ends_->stream.get());
  ::virStreamAbort(ends_->stream.get());
}

void LibvirtStream::read(std::function<void(std::string_view)> on_bytes, std::function<void()> on_close) {
  ends_->on_bytes = std::move(on_bytes);
  ends_->on_close = std::move(on_close);
  auto on_event = [](virStreamPtr, int events, void* opaque) {
    auto ends = *static_cast<std::shared_ptr<Ends>*>(opaque);
    ends->happened(events);
  };
  auto release = [](void* opaque) { delete static_cast<std::shared_ptr<Ends>*>(opaque); };
  int wanted = VIR_STREAM_EVENT_READABLE | VIR_STREAM_EVENT_ERROR | VIR_STREAM_EVENT_HANGUP;
  if (::virStreamEventAddCallback(ends_->stream.get(), wanted, on_event, new std::shared_ptr<Ends>(ends_), release) < 0)
    throw Error(Blame::infra, "libvirt does not tell what the guest says: {}", libvirt_message());
}

void LibvirtStream::write(std::string text) {
  std::scoped_lock lock(ends_->mutex);
  if (ends_->closed) return;
  ends_->waiting += text;
  ends_->send();
}

} // namespace kdt::machine

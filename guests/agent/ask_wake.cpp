#include "asks.hpp"
#include "kdt/wake_records.hpp"
#include "system.hpp"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <sys/random.h>

namespace kdt::agent {

namespace {

/// The kernel's generator was copied with the guest: what it gives next must not be what its siblings get.
void stir(std::string_view seed) {
  struct { // rand_pool_info with room
    int entropy_count;
    int buf_size;
    char buf[256];
  } pool{};
  const auto count = std::min(seed.size(), sizeof pool.buf);
  std::memcpy(pool.buf, seed.data(), count);
  pool.entropy_count = static_cast<int>(count * 4); // of hexadecimal digits
  pool.buf_size = static_cast<int>(count);
  const Fd device = open_file("/dev/urandom", O_WRONLY);
  if (ioctl(device.get(), RNDADDENTROPY, &pool) != 0) fail("cannot stir the kernel's random numbers");
  ioctl(device.get(), RNDRESEEDCRNG); // since 4.16: else only after a minute
}

} // namespace

Reply serve_wake(const Session& session, const protocol::Json& arguments) {
  const auto ask = protocol::decode<protocol::WakeAsk>(arguments, "wake");
  if (!clock_counts_from_1970()) set_clock(ask.time);
  stir(ask.seed);
  protocol::WakeAnswer answer{
      .role = hello(session).role, .random = 0, .time = static_cast<std::uint64_t>(std::time(nullptr))};
  if (getrandom(&answer.random, sizeof answer.random, GRND_NONBLOCK) < 0) fail("cannot get a random number");
  return {protocol::encode(answer), {}};
}

} // namespace kdt::agent

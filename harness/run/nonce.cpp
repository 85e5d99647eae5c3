#include "run/nonce.hpp"

#include "base/error.hpp"

#include <cstdint>
#include <sys/random.h>

namespace kdt::run {

std::string make_nonce() {
  std::uint64_t bits = 0;
  KDT_ASSERT(::getrandom(&bits, sizeof bits, 0) == sizeof bits);
  return fmt::format("{:016x}", bits);
}

} // namespace kdt::run

// libFuzzer's entry; it brings its own main().

#include "fuzz/parsers.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  kdt::fuzz::feed_any({reinterpret_cast<const char*>(bytes), size});
  return 0;
}

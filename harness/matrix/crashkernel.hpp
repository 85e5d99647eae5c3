#pragma once

#include "base/units.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kdt::matrix {

/// What the crashkernel= words of a command line ask for. This is how the syntax reads, the same on every kernel; what
/// a kernel makes of it is for the rules (matrices/expectations).
struct CrashkernelRequest {
  /// none · plain (X) · at (X@Y) · high (X,high) · high+low · low_only · cma · plain+high · plain+cma · zero ·
  /// range (a list of ranges that gives nothing; else it is what the list resolved to: plain or at) · invalid
  std::string form = "none";
  /// Of a range list: matched, unmatched, too_big (a size that is not below the RAM's). Otherwise none.
  std::string range = "none";
  /// Why it is invalid: no_number; char (unexpected text behind the size); of a range list list_number (a bound is
  /// missing), list_dash, list_order (it ends before it starts), list_colon, list_size, list_base. Otherwise none.
  std::string flaw = "none";
  /// The entry that is invalid: plain, high, low. Otherwise none.
  std::string flaw_in = "none";
  std::string flaw_char{};      ///< of flaw char: where the text is unexpected; empty when it is not printable
  std::optional<ByteSize> size; ///< X of the entry that counts
  std::optional<ByteSize> base; ///< Y of X@Y; 0 is none, as for the kernel
  std::optional<ByteSize> low;  ///< of Y,low
  bool cma_is_last = false; ///< X,cma comes after every plain entry, so a kernel that knows no ,cma takes it for one
};

/// Reads the values of crashkernel= in command line order (kernel/crash_reserve.c: parse_crashkernel,
/// get_last_crashkernel). ram: the RAM that memblock knows, after mem=; ranges are compared with it rounded up to 128
/// MiB (parse_crashkernel_mem).
CrashkernelRequest read_crashkernel(const std::vector<std::string>& words, ByteSize ram);

/// memparse() of lib/cmdline.c, with simple_strtoull() of lib/vsprintf.c: the number at the start of text, which is
/// moved behind it. 010 is octal, 0x10 hexadecimal, what does not fit in 64 bits wraps, "K" alone is 0; nullopt:
/// nothing there.
std::optional<ByteSize> take_size(std::string_view& text);

} // namespace kdt::matrix

#pragma once

#include <string>

namespace kdt::run {

/// 16 random hexadecimal digits: put into the kernel log before the panic, looked for in the vmcore.
std::string make_nonce();

} // namespace kdt::run

#include "bench/turns.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace kdt::bench {

void take_turns(const std::string& what, int rounds, const std::vector<std::function<void()>>& turns) {
  for (int round = 0; round < rounds; ++round) {
    fmt::print(stderr, "kdt-bench: {}, round {} of {}\n", what, round + 1, rounds);
    for (std::size_t i = 0; i < turns.size(); ++i) turns[(static_cast<std::size_t>(round) + i) % turns.size()]();
  }
}

} // namespace kdt::bench

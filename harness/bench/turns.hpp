#pragma once

#include <functional>
#include <string>
#include <vector>

namespace kdt::bench {

/// Calls each once a round, each round beginning with the next one: none is always the first or the last of a round,
/// and what slows the machine every so often does not always meet the same one. Says on stderr which round it is.
void take_turns(const std::string& what, int rounds, const std::vector<std::function<void()>>& turns);

} // namespace kdt::bench

#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace kdt::fuzz {

/// Mutations of inputs, the same ones for the same seed: bits and bytes changed, odd numbers put in, pieces cut,
/// repeated and taken from another input. For compilers without libFuzzer, and for tests that end.
class Mutator {
public:
  explicit Mutator(std::uint64_t seed, std::size_t largest = std::size_t{1} << 17) : random_(seed), largest_(largest) {}

  /// One of the inputs, changed in one to eight places; its first byte, which chooses the parser, stays.
  std::string next(const std::vector<std::string>& inputs);

private:
  void change(std::string& input, const std::string& other);
  std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }

  std::mt19937_64 random_;
  std::size_t largest_;
};

} // namespace kdt::fuzz

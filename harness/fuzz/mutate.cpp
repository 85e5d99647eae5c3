#include "fuzz/mutate.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace kdt::fuzz {

namespace {
/// Where bounds are, and where they wrap.
constexpr std::array<std::uint64_t, 12> k_odd_numbers{0,
                                                      1,
                                                      7,
                                                      0x7f,
                                                      0xff,
                                                      0xffff,
                                                      0x7fffffff,
                                                      0x80000000,
                                                      0xffffffff,
                                                      std::uint64_t{1} << 62,
                                                      0x7fffffffffffffff,
                                                      0xffffffffffffffff};
} // namespace

void Mutator::change(std::string& input, const std::string& other) {
  auto at = 1 + below(input.size() - 1);
  auto left = input.size() - at;
  auto length = std::min(left, 1 + below(std::size_t{1} << below(12)));
  switch (below(7)) {
  case 0:
    input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
    break;
  case 1:
    input[at] = static_cast<char>(random_());
    break;
  case 2: { // an odd number of 1, 2, 4 or 8 bytes, sometimes with the most significant first
    auto number = k_odd_numbers[below(k_odd_numbers.size())];
    std::array<char, 8> bytes;
    std::memcpy(bytes.data(), &number, bytes.size());
    auto width = std::size_t{1} << below(4);
    if (below(2) == 0) std::reverse(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(width));
    std::copy_n(bytes.begin(), std::min(width, left), input.begin() + static_cast<std::ptrdiff_t>(at));
    break;
  }
  case 3:
    input.erase(at, length);
    break;
  case 4:
    if (input.size() + length <= largest_) input.insert(at, input.substr(at, length));
    break;
  case 5: {
    auto from = below(other.size());
    input.replace(at, length, other.substr(from, length));
    break;
  }
  default:
    input.resize(at);
  }
}

std::string Mutator::next(const std::vector<std::string>& inputs) {
  auto input = inputs[below(inputs.size())];
  const auto& other = inputs[below(inputs.size())];
  for (auto changes = 1 + below(8); changes > 0 && input.size() > 1; --changes) change(input, other);
  return input;
}

} // namespace kdt::fuzz

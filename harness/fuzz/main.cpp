// kdt_fuzz DIR SECONDS [SEED]: mutates the seeds, and the inputs in DIR, for so long. Built with a sanitizer by
// `./kdt test --fuzz` where there is no libFuzzer. An input that ends the program is in DIR/last.
// kdt_fuzz --seeds DIR: writes the seeds there, for libFuzzer. kdt_fuzz FILE: feeds one input again.

#include "base/deadline.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "fuzz/mutate.hpp"
#include "fuzz/parsers.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace kdt;

constexpr unsigned k_patience = 30; // seconds for one input

void write_seeds(const fs::path& directory) {
  make_directories(directory);
  const auto seeds = fuzz::all_seeds();
  for (std::size_t i = 0; i < seeds.size(); ++i) write_file(directory / fmt::format("seed-{}", i), seeds[i]);
}

void fuzz_for(const fs::path& directory, Seconds budget, std::uint64_t seed) {
  make_directories(directory);
  const auto inputs = fuzz::all_seeds();
  fuzz::Mutator mutator(seed);
  auto last = open_file(directory / "last", O_RDWR | O_CREAT);
  auto deadline = Deadline::after(std::chrono::duration_cast<Clock::duration>(budget));
  std::uint64_t runs = 0, understood = 0;
  for (; !deadline.passed(); ++runs) {
    const auto input = mutator.next(inputs);
    if (::ftruncate(last.get(), 0) != 0 || ::lseek(last.get(), 0, SEEK_SET) != 0) break;
    write_all(last.get(), input, "the last input");
    ::alarm(k_patience); // ends the program when an input makes a parser hang
    understood += fuzz::feed_any(input) ? 1 : 0;
  }
  fmt::print("fuzz: {} inputs, {} of them understood, seed {}: nothing found\n", runs, understood, seed);
}

} // namespace

int main(int argc, char** argv) {
  const std::string first = argc > 1 ? argv[1] : "";
  if (argc == 3 && first == "--seeds") {
    write_seeds(argv[2]);
  } else if (argc == 2) {
    fmt::print("{}\n", fuzz::feed_any(read_file(first)) ? "understood" : "refused");
  } else if (argc == 3 || argc == 4) {
    fuzz_for(first, Seconds(std::atof(argv[2])), argc == 4 ? std::strtoull(argv[3], nullptr, 10) : 1);
  } else {
    fmt::print(stderr, "usage: kdt_fuzz DIR SECONDS [SEED] | --seeds DIR | FILE\n");
    return 2;
  }
}

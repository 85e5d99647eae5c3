#include "base/error.hpp"
#include "machine/qemu_memory.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace kdt::machine {

namespace {
const PhysRange k_ram{{0x40000000}, {0x40000000 + (std::uint64_t{3} << 20) + 512}};

template <class Memory>
std::string read(Memory& memory, std::uint64_t from, std::size_t count) {
  std::string text(count, '?');
  memory.read({from}, std::as_writable_bytes(std::span(text)));
  return text;
}
} // namespace

TEST(Gpa2hva, ReadsTheAddressQemuPrints) {
  EXPECT_EQ(parse_gpa2hva("Host virtual address for 0x40000000 (ram) is 0x7f24d3e00000\r\n"), 0x7f24d3e00000U);
  for (const char* text : {"No memory is mapped at address 0xc0000000\r\n", "Memory at address 0x9000000is not RAM\r\n",
                           "Host virtual address for 0x40000000 (ram) is 0x\r\n", "", "unknown command: 'gpa2hva'"})
    EXPECT_EQ(parse_gpa2hva(text), std::nullopt) << text;
}

TEST(ProcessMemory, ReadsTheMemoryOfAProcess) {
  std::string ram = "0123456789abcdef";
  PhysRange place{{0x40000000}, {0x40000010}};
  ProcessMemory memory(::getpid(), place, reinterpret_cast<std::uintptr_t>(ram.data()));
  EXPECT_EQ(read(memory, 0x4000000a, 6), "abcdef");
  for (auto [from, count] : {std::pair{0x3fffffffU, 2U}, {0x4000000aU, 7U}, {0x40000011U, 0U}, {0U, 1U}})
    EXPECT_THROW(read(memory, from, count), Error) << from;
  EXPECT_THROW(read(memory, ~std::uint64_t{0}, 2), Error);
}

TEST(ProcessMemory, SaysWhenThereIsNothingToRead) {
  ProcessMemory memory(::getpid(), k_ram, 16); // nothing is mapped there
  EXPECT_THROW(read(memory, 0x40000000, 8), Error);
  EXPECT_THROW(ProcessMemory(0, k_ram, 0), Error);
}

TEST(SavedMemory, FetchesEachPieceOnce) {
  std::string ram(k_ram.size().bytes, '\0');
  for (std::size_t i = 0; i < ram.size(); ++i) ram[i] = static_cast<char>(i / 509);
  std::vector<PhysRange> saved;
  SavedMemory memory(k_ram, [&](const PhysRange& range, const fs::path& file) {
    saved.push_back(range);
    write_file(file, std::string_view(ram).substr(range.start.value - k_ram.start.value, range.size().bytes));
  });
  auto at = k_ram.start.value;
  EXPECT_EQ(read(memory, at + 1000, 4096), ram.substr(1000, 4096));
  EXPECT_EQ(read(memory, at, 2000), ram.substr(0, 2000));
  EXPECT_EQ(saved.size(), 1U);
  EXPECT_EQ(read(memory, at + (1 << 20) - 8, 16), ram.substr((1 << 20) - 8, 16));
  EXPECT_EQ(read(memory, k_ram.end.value - 8, 8), ram.substr(ram.size() - 8));
  EXPECT_EQ(saved.size(), 3U);
  EXPECT_EQ(saved.back().end, k_ram.end);
  EXPECT_THROW(read(memory, k_ram.end.value - 8, 9), Error);
}

TEST(SavedMemory, AShortFileIsAnError) {
  SavedMemory memory(k_ram, [](const PhysRange&, const fs::path& file) { write_file(file, "short"); });
  EXPECT_EQ(read(memory, k_ram.start.value, 5), "short");
  EXPECT_THROW(read(memory, k_ram.start.value, 6), Error);
}

TEST(SavedMemory, KeepsAFewPiecesOnly) {
  PhysRange large{{0}, {ByteSize::gib(1).bytes}};
  int saves = 0;
  SavedMemory memory(large, [&](const PhysRange& range, const fs::path& file) {
    ++saves;
    write_file(file, std::string(range.size().bytes, 'x'));
  });
  for (std::uint64_t piece = 0; piece <= SavedMemory::k_pieces_kept; ++piece) {
    read(memory, piece * SavedMemory::k_piece.bytes, 1);
    read(memory, 0, 1); // used again and again: it stays
  }
  EXPECT_EQ(saves, 1 + static_cast<int>(SavedMemory::k_pieces_kept));
  read(memory, SavedMemory::k_piece.bytes, 1); // the oldest went
  EXPECT_EQ(saves, 2 + static_cast<int>(SavedMemory::k_pieces_kept));
}

} // namespace kdt::machine

#include "run/whereabouts.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace kdt::run {

namespace {

/// Whether an address lies in the image that starts there, and its name.
std::optional<std::string> name_in(std::optional<std::uint64_t> image, std::uint64_t address,
                                   const image::Symbols* symbols) {
  if (!image || symbols == nullptr || address < *image || address - *image >= symbols->size()) return std::nullopt;
  return symbols->at(address - *image).value_or("");
}

} // namespace

Whereabouts locate(const machine::CodeAddress& address, bool in_user_space, const KernelPlaces& places) {
  constexpr std::uint64_t k_kernel_half = std::uint64_t{1} << 63;
  if (in_user_space) return {Code::user, {}};
  if (!address.physical) return {};
  auto physical = *address.physical;
  // The capture kernel first: its image lies in the crash region, the system kernel's never does.
  if (auto name = name_in(places.capture, physical, places.symbols)) return {Code::capture_kernel, *name};
  if (auto name = name_in(places.system, physical, places.symbols)) return {Code::system_kernel, *name};
  bool in_region =
      std::ranges::any_of(places.crash_regions, [&](const PhysRange& range) { return range.contains({physical}); });
  bool translated = address.address != physical; // purgatory runs with the MMU off
  if (in_region && !translated) return {places.purgatory ? Code::purgatory : Code::crash_region, {}};
  if ((address.address & k_kernel_half) != 0) return {Code::module, {}};
  return {in_region ? Code::crash_region : Code::unknown, {}};
}

CpuState cpu_state(const machine::CpuRegisters& registers, const KernelPlaces& places) {
  bool user = registers.text.find(" EL0t") != std::string::npos;
  CpuState state{.cpu = registers.cpu, .waits = registers.waits, .chain = {}};
  auto chain = registers.chain;
  if (chain.empty()) chain.push_back({registers.pc, std::nullopt});
  for (std::size_t i = 0; i < chain.size(); ++i) {
    auto place = locate(chain[i], user, places);
    // The link register may be left over from a call that has returned into the same function.
    bool left_over = i == 1 && place.function() == state.chain[0].function();
    if (!left_over) state.chain.push_back(std::move(place));
  }
  return state;
}

std::string_view to_string(Code code) {
  switch (code) {
  case Code::system_kernel:
    return "the system kernel";
  case Code::capture_kernel:
    return "the capture kernel";
  case Code::purgatory:
    return "kexec's purgatory";
  case Code::crash_region:
    return "the crash region, beyond the capture kernel's image";
  case Code::module:
    return "kernel code outside of the image (a module?)";
  case Code::user:
    return "user space";
  case Code::unknown:
    return "unknown code";
  }
  KDT_ASSERT(!"unknown kind of code");
}

std::string describe(const CpuState& cpu, std::size_t places) {
  const auto& here = cpu.chain.front();
  auto text = fmt::format("CPU {} {} in {}", cpu.cpu, cpu.waits ? "waits" : "stands", to_string(here.code));
  if (here.symbol.empty()) return text;
  text += " at " + here.symbol;
  auto end = std::ranges::find_if_not(cpu.chain.rbegin(), cpu.chain.rend(), &std::string::empty, &Whereabouts::symbol);
  auto named = std::min(places, static_cast<std::size_t>(cpu.chain.rend() - end));
  for (std::size_t i = 1; i < named; ++i) text += " < " + (cpu.chain[i].symbol.empty() ? "?" : cpu.chain[i].symbol);
  return text;
}

} // namespace kdt::run

#include "run/timeouts.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace kdt::run {

namespace {

/// Translated code runs several times slower than the hardware's, and two guests may share one core.
constexpr double k_tcg_factor = 3;
/// What stands still does so at any speed; the factor is for a host that does not get round to the guest.
constexpr double k_tcg_still_factor = 1.5;
/// Bound of a phase that shows signs of progress all the time, in terms of how long it may be silent.
constexpr double k_most_factor = 3;
/// The agent's wait for its port (5 s) and a host disk that is busy with another guest's dump fit in.
constexpr double k_still = 10;

Clock::duration scaled(double seconds, double factor) {
  return std::chrono::duration_cast<Clock::duration>(Seconds(seconds * factor));
}

} // namespace

Timeouts timeouts_for(const CellParameters& parameters, machine::Accelerator accelerator, double scale,
                      ByteSize payload) {
  KDT_ASSERT(scale > 0);
  bool tcg = accelerator == machine::Accelerator::tcg;
  double factor = scale * (tcg ? k_tcg_factor : 1);
  double still = k_still * scale * (tcg ? k_tcg_still_factor : 1);
  auto patience = [&](double silent) {
    return Patience{
        .still = scaled(still, 1), .silent = scaled(silent, factor), .most = scaled(silent, factor * k_most_factor)};
  };
  // Page tables and struct pages of the whole guest are written at boot, without a word: 16 to 55 s for 256 GiB under
  // TCG on 2 cores. A dump of 256 GiB takes 92 s; makedumpfile speaks every second, and its hard bound is generous.
  double gib = static_cast<double>(parameters.memory.bytes) / static_cast<double>(ByteSize::gib(1).bytes);
  // kexec-tools hashes what it loads, and its purgatory does so again without caches and without a word: 45 MiB of a
  // distribution's kernel took more than a minute on a busy host. A purgatory that spins is found standing still.
  payload = std::max(payload, parameters.initramfs_size.value_or(ByteSize{}));
  double hashed = parameters.loader == "kexec_load" ? static_cast<double>(payload.bytes >> 20) : 0;
  auto save = patience(20 + gib * 0.1);
  save.still *= 2; // the dump goes through the host's disk, which may block for a while
  save.most = scaled(600 + gib * 60, factor);
  return {.boot = patience(20 + gib * 0.3),
          .answer = patience(10),
          .load = patience(20 + hashed),
          .probe = patience(20 + gib * 0.3),
          .panic = patience(10),
          .capture = patience(20 + hashed),
          .save = save,
          .verify = scaled(60 + gib * 1.0, scale),
          .monitor = scaled(10, scale),
          .memory_dump = scaled(30 + gib * 10, scale)};
}

} // namespace kdt::run

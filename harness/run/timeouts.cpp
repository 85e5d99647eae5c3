#include "run/timeouts.hpp"

#include "base/error.hpp"

namespace kdt::run {

namespace {
/// Translated code runs several times slower than the hardware's, and two guests may share one core.
constexpr double k_tcg_factor = 3;

Clock::duration scaled(double seconds, double factor) {
  return std::chrono::duration_cast<Clock::duration>(Seconds(seconds * factor));
}
} // namespace

Timeouts timeouts_for(const CellParameters& parameters, machine::Accelerator accelerator, double scale) {
  KDT_ASSERT(scale > 0);
  double factor = scale * (accelerator == machine::Accelerator::tcg ? k_tcg_factor : 1);
  // Page tables and struct pages of the whole guest are written at boot: 16 to 55 s for 256 GiB under TCG on 2 cores.
  double gib = static_cast<double>(parameters.memory.bytes) / static_cast<double>(ByteSize::gib(1).bytes);
  return {.boot = scaled(20 + gib * 0.3, factor),
          .answer = scaled(10, factor),
          .load = scaled(20, factor),
          .probe = scaled(20 + gib * 0.3, factor),
          .panic = scaled(10, factor),
          .capture = scaled(20, factor),
          .save_progress = scaled(20 + gib * 0.1, factor),
          .verify = scaled(60 + gib * 1.0, scale)};
}

} // namespace kdt::run

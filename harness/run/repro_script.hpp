#pragma once

#include "image/images.hpp"
#include "run/asks.hpp"

#include <string>

namespace kdt::run {

/// What repro.sh does again.
struct Reproduction {
  const Cell& cell;
  const image::KernelImage& kernel;
  const matrix::Triggers& triggers; ///< one that is not among them is not pulled
  machine::Accelerator accelerator = machine::Accelerator::tcg;
  std::string nonce;
};

/// A POSIX shell script that starts the cell's guest with QEMU alone, asks its agent for what the cell asks it, and has
/// the console on the terminal. Pure.
std::string repro_script(const Reproduction& what);

} // namespace kdt::run

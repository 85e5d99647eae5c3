#pragma once

#include "base/deadline.hpp"

#include <functional>
#include <optional>
#include <string>

namespace kdt::image {

/// How far one step of building has come, for the CLI to render.
struct Progress {
  std::string what;               ///< "kernel v6.1-dma: compiling"
  std::optional<double> fraction; ///< 0 to 1; nullopt: unknown
  Seconds elapsed{};              ///< since the step began
  std::optional<Seconds> left;    ///< estimate; nullopt: unknown
  bool done = false;              ///< the step has ended well
  bool remark = false;            ///< not a step that anybody waits for: said once
};

/// Called from the thread that builds; several threads may call it, one at a time per step.
using Observer = std::function<void(const Progress&)>;

} // namespace kdt::image

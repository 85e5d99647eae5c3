#pragma once

#include "image/images.hpp"
#include "run/runner.hpp"

#include <filesystem>

namespace kdt::bench {

/// A recorded conversation with a guest (harness/guest/testdata).
std::filesystem::path recording_of(const std::filesystem::path& repository);

/// So many cells whose guests answer at once what a real one answered: what that takes is kdt's own work, from plan to
/// journal. The first of them made it into the result with everything a cell leaves behind.
struct ScriptedRun {
  RunResult result;
  Seconds seconds{0};
};
ScriptedRun run_scripted(image::Images& images, const std::string& kernel, const std::filesystem::path& directory,
                         std::size_t count);

} // namespace kdt::bench

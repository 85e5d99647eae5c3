#pragma once

#include "bench/results.hpp"
#include "image/images.hpp"

#include <filesystem>
#include <string>

namespace kdt::bench {

/// What the parts that start nothing take: expansion, judging, reading a console, rendering reports. Google Benchmark
/// repeats each until the time is known; progress goes to its console reporter. Adds figures to the results.
void measure_parts(image::Images& images, const std::string& kernel, Results& results);

/// Whole cells whose guests are recorded, against their number.
void measure_scripted(image::Images& images, const std::string& kernel, Results& results);

} // namespace kdt::bench

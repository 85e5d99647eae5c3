#include "bench/bare_cell.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "image/initramfs.hpp"

#include <cstdio>

namespace kdt::bench {

namespace {

constexpr std::string_view k_mark = "@SAVE@";

/// The kernel unpacks one archive after the other: of two files of one name the later one stays.
void write_initramfs(const fs::path& kernels, const std::string& init, const fs::path& file) {
  image::Initramfs own;
  own.add_file("init", 0755, init);
  own.write(file);
  auto all = read_file(kernels);
  all.resize((all.size() + 3) / 4 * 4, '\0');
  write_file(file, all + read_file(file));
}

} // namespace

Seconds saved_in(const std::string& console) {
  double up = -1, saved = -1;
  int status = -1;
  for (const auto& line : split(console, '\n')) {
    std::sscanf(line.c_str(), "bare: capture kernel up at %lf", &up);
    std::sscanf(line.c_str(), "bare: saved %d at %lf", &status, &saved);
  }
  if (status != 0 || up < 0 || saved < up) throw Error(Blame::infra, "bench/bare-cell.sh: its guest saved no dump");
  return Seconds(saved - up);
}

std::string bare_init(const fs::path& repository, const std::string& save) {
  auto init = read_file(repository / "bench/bare-init.sh");
  auto at = init.rfind(k_mark); // the first one is in the comment that explains it
  if (at == std::string::npos) throw Error(Blame::infra, "bench/bare-init.sh has no {}", k_mark);
  return init.replace(at, k_mark.size(), save);
}

BareCell run_bare_cell(const fs::path& repository, const image::KernelImage& kernel, const BareSettings& settings) {
  TempDir place("kdt-bench");
  auto initramfs = place.path() / "initramfs.cpio";
  write_initramfs(kernel.initramfs, bare_init(repository, settings.save), initramfs);
  auto log = place.path() / "log";
  auto measured =
      measure({"/usr/bin/env", "ACCEL=" + settings.accelerator, (repository / "bench/bare-cell.sh").string(),
               kernel.image.string(), initramfs.string(), settings.memory, settings.crashkernel, place.path().string()},
              log);
  if (!measured.status.success())
    throw Error(Blame::infra, "bench/bare-cell.sh ended with {}: {}", to_string(measured.status),
                printable(trim(read_file(log))));
  return {.measured = measured, .save = saved_in(read_file(place.path() / "console.log"))};
}

} // namespace kdt::bench

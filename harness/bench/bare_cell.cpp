#include "bench/bare_cell.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "image/initramfs.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <map>

namespace kdt::bench {

namespace {

/// Fills in the last one: the first is in the comment that explains it.
void fill_in(std::string& init, std::string_view mark, const std::string& text) {
  auto at = init.rfind(mark);
  if (at == std::string::npos) throw Error(Blame::infra, "bench/bare-init.sh has no {}", mark);
  init.replace(at, mark.size(), text);
}

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

BareSettings by_hand(const CellParameters& parameters) {
  static const std::map<std::string, std::string> k_compressions{{"none", ""}, {"lzo", " -l"}, {"zlib", " -c"}};
  auto compression = k_compressions.find(parameters.dump.compression);
  if (compression == k_compressions.end())
    throw Error(Blame::usage, "bench/bare-cell.sh has no compression {}", parameters.dump.compression);
  return {.memory = to_string(parameters.memory),
          .save = fmt::format("makedumpfile{} -d {}", compression->second, parameters.dump.filter)};
}

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

std::string bare_init(const fs::path& repository, const BareSettings& settings) {
  auto init = read_file(repository / "bench/bare-init.sh");
  fill_in(init, "@SAVE@", settings.save);
  fill_in(init, "@CAPTURE@", settings.capture_cmdline);
  return init;
}

BareCell run_bare_cell(const fs::path& repository, const image::KernelImage& kernel, const BareSettings& settings) {
  TempDir place("kdt-bench");
  auto initramfs = place.path() / "initramfs.cpio";
  write_initramfs(kernel.initramfs, bare_init(repository, settings), initramfs);
  auto log = place.path() / "log";
  auto measured =
      measure({"/usr/bin/env", "ACCEL=" + settings.accelerator, "DRIVE=" + settings.drive, "APPEND=" + settings.cmdline,
               (repository / "bench/bare-cell.sh").string(), kernel.image.string(), initramfs.string(), settings.memory,
               settings.crashkernel, place.path().string()},
              log);
  if (!measured.status.success())
    throw Error(Blame::infra, "bench/bare-cell.sh ended with {}: {}", to_string(measured.status),
                printable(trim(read_file(log))));
  BareCell cell{.measured = measured, .console = read_file(place.path() / "console.log")};
  cell.save = saved_in(cell.console);
  return cell;
}

} // namespace kdt::bench

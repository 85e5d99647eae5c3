#include "bench/initcalls.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <span>

namespace kdt::bench {

namespace {

constexpr std::size_t k_slowest = 10;
const std::vector<std::string> k_kernels{"system kernel", "capture kernel"};

/// What stands behind "[    0.336835] ".
std::string message(const std::string& line) {
  auto end = line.starts_with('[') ? line.find("] ") : std::string::npos;
  return end == std::string::npos ? "" : line.substr(end + 2);
}

/// A kernel's lines as they come.
struct Reading {
  std::map<std::string, double> initcalls{};
  double init = 0;

  void feed(const std::string& line) {
    if (init > 0) return; // what modules do is /init's business
    auto text = message(line);
    char name[128];
    double number = 0;
    if (std::sscanf(text.c_str(), "initcall %127[^+ ]%*[^ ] returned %*d after %lf usecs", name, &number) == 2)
      initcalls[name] += number / 1e3;
    if (text.starts_with("Run /init ") && std::sscanf(line.c_str(), "[%lf]", &number) == 1) init = number * 1e3;
  }

  KernelBoot boot() const {
    KernelBoot boot{.init = init};
    for (const auto& [name, milliseconds] : initcalls) {
      boot.initcalls.push_back({name, milliseconds});
      boot.all += milliseconds;
    }
    std::ranges::stable_sort(boot.initcalls, std::greater{}, &KernelBoot::Initcall::milliseconds);
    return boot;
  }
};

} // namespace

std::vector<KernelBoot> read_initcalls(const std::string& console) {
  std::vector<Reading> kernels;
  for (const auto& line : split(console, '\n')) {
    if (message(line).starts_with("Booting Linux on physical CPU")) kernels.emplace_back();
    if (!kernels.empty()) kernels.back().feed(line);
  }
  auto whole = [](const Reading& kernel) { return kernel.init > 0 && !kernel.initcalls.empty(); };
  if (kernels.size() != k_kernels.size() || !std::ranges::all_of(kernels, whole))
    throw Error(Blame::infra, "the console of bench/bare-cell.sh does not show two boots with initcall_debug");
  return {kernels[0].boot(), kernels[1].boot()};
}

void add_initcalls(const std::string& console, Results& results) {
  auto boots = read_initcalls(console);
  for (std::size_t i = 0; i < boots.size(); ++i) {
    auto figure = [&](const std::string& name, double milliseconds) {
      add(results, "initcalls", fmt::format("{}, {}", k_kernels[i], name), "ms", {milliseconds});
    };
    figure("until /init", boots[i].init);
    figure("all initcalls", boots[i].all);
    auto slowest = std::span(boots[i].initcalls).first(std::min(k_slowest, boots[i].initcalls.size()));
    for (const auto& initcall : slowest) figure(initcall.name, initcall.milliseconds);
  }
}

} // namespace kdt::bench

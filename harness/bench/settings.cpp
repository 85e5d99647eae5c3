#include "bench/settings.hpp"

#include "base/error.hpp"
#include "bench/turns.hpp"

#include <fmt/format.h>

namespace kdt::bench {

namespace {

/// As kdt has it: one thread of TCG. Dumps are saved as the first trial did.
const BareSettings k_base{.accelerator = "tcg,thread=single"};
/// memset() with DC ZVA, as glibc has it for most processors, is a call out of TCG's code for each 64 bytes.
const std::string k_no_zva = "GLIBC_TUNABLES=glibc.cpu.name=emag ";
/// See guests/agent/preload.
const std::string k_small_dictionary = "LD_PRELOAD=/kdt_lzo.so ";
const std::string k_and_past_page_cache = "LD_PRELOAD=/kdt_lzo.so:/kdt_direct.so ";

Setting drive(const std::string& cache) {
  auto guest = k_base;
  guest.drive = "cache=" + cache;
  return {.name = cache, .guest = guest};
}

Setting threads(const std::string& of_tcg) {
  auto guest = k_base;
  guest.accelerator = "tcg,thread=" + of_tcg;
  return {.name = of_tcg, .guest = guest};
}

Setting capture(const std::string& words) {
  auto guest = k_base;
  guest.capture_cmdline = "console=ttyAMA0 panic=1 reset_devices " + words;
  return {.name = words, .guest = guest};
}

Setting save(const std::string& options, const std::string& environment = "", const std::string& name = "") {
  auto guest = k_base;
  guest.save = environment + "makedumpfile " + options;
  return {.name = name.empty() ? options : name, .guest = guest};
}

/// What each setting of a choice took, round by round; of one that failed nothing any more.
class Taken {
public:
  Taken(const Choice& choice, Results& results)
      : choice_(choice), results_(results), seconds_(choice.settings.size()) {}

  void take(std::size_t which, const std::function<BareCell(const BareSettings&)>& run) {
    const auto& setting = choice_.settings[which];
    if (results_.not_measured.contains(key(setting))) return;
    try {
      auto cell = run(setting.guest);
      seconds_[which].push_back(choice_.stretch == Stretch::save ? cell.save.count() : cell.measured.wall.count());
    } catch (const Error& error) {
      if (which == 0) throw;
      results_.not_measured[key(setting)] = error.what();
    }
  }

  void add_figures() {
    const auto& base = choice_.settings.at(0);
    const char* stretch = choice_.stretch == Stretch::save ? "the save" : "the cell";
    add(results_, "settings", fmt::format("{} {}, {}", choice_.name, base.name, stretch), "s", seconds_[0]);
    for (std::size_t i = 1; i < seconds_.size(); ++i)
      if (!results_.not_measured.contains(key(choice_.settings[i])))
        add(results_, "settings", fmt::format("{} {} / {}", choice_.name, choice_.settings[i].name, base.name), "ratio",
            ratios(seconds_[i], seconds_[0]));
  }

private:
  std::string key(const Setting& setting) const { return fmt::format("settings/{} {}", choice_.name, setting.name); }

  const Choice& choice_;
  Results& results_;
  std::vector<std::vector<double>> seconds_;
};

} // namespace

std::vector<Choice> choices() {
  return {{.name = "drive",
           .stretch = Stretch::cell,
           .settings = {drive("unsafe"), drive("writeback"), drive("none"), drive("directsync")}},
          {.name = "TCG threads", .stretch = Stretch::cell, .settings = {threads("single"), threads("multi")}},
          {.name = "capture",
           .stretch = Stretch::cell,
           .settings = {capture("maxcpus=1"), capture("maxcpus=1 quiet"), capture("maxcpus=1 nokaslr"),
                        capture("maxcpus=1 mitigations=off"), capture("nr_cpus=1")}},
          {.name = "makedumpfile",
           .stretch = Stretch::save,
           .settings = {
               save("-d 31 -l"), save("-b 9 -d 31 -l"), save("-d 31"), save("-d 31 -l --non-mmap"),
               save("-d 31 -l", k_no_zva, "without DC ZVA, -d 31 -l"),
               save("-b 9 -d 31 -l", k_no_zva, "without DC ZVA, -b 9 -d 31 -l"),
               save("-b 9 -d 31 -l", k_no_zva + k_small_dictionary, "without DC ZVA, small dictionary, -b 9 -d 31 -l"),
               save("-b 9 -d 31 -l", k_no_zva + k_and_past_page_cache,
                    "without DC ZVA, small dictionary, past the page cache, -b 9 -d 31 -l")}}};
}

void measure_choices(const std::vector<Choice>& choices, int rounds,
                     const std::function<BareCell(const BareSettings&)>& run, Results& results) {
  for (const auto& choice : choices) {
    Taken taken(choice, results);
    std::vector<std::function<void()>> turns;
    for (std::size_t i = 0; i < choice.settings.size(); ++i) turns.emplace_back([&, i] { taken.take(i, run); });
    take_turns("settings: " + choice.name, rounds, turns);
    taken.add_figures();
  }
}

} // namespace kdt::bench

#include "matrix/limits.hpp"

#include "base/text.hpp"
#include "matrix/yaml_file.hpp"

#include <algorithm>
#include <charconv>

namespace kdt::matrix {

namespace {

unsigned number_in(const YamlFile& file, const YamlNode& node, std::string_view what) {
  const auto& text = file.scalar(node, what);
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0)
    throw file.error(node, fmt::format("{}: '{}' is not a positive whole number", what, text));
  return number;
}

ByteSize size_in(const YamlFile& file, const YamlNode& node, std::string_view what) {
  auto size = parse_byte_size(file.scalar(node, what));
  if (!size) throw file.error(node, fmt::format("{}: '{}' is not a size", what, node.text));
  return *size;
}

CpuModel read_cpu(const YamlFile& file, const YamlNode& name, const YamlNode& body) {
  file.check_map(body, fmt::format("CPU model {}", name.text), {"pa_bits", "page_sizes"});
  CpuModel cpu{.name = name.text, .pa_bits = {}, .page_sizes = {}};
  if (const auto* bits = body.find("pa_bits")) cpu.pa_bits = number_in(file, *bits, "pa_bits");
  if (const auto* sizes = body.find("page_sizes")) {
    file.check_list(*sizes, "page_sizes");
    for (const auto& item : sizes->items)
      cpu.page_sizes.push_back(static_cast<std::int64_t>(size_in(file, item, "page_sizes").bytes));
  }
  return cpu;
}

std::optional<std::uint64_t> number_of(const Facts& facts, std::string_view name) {
  const auto* value = kdt::find(facts, name);
  const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(value);
  return number == nullptr || *number <= 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(*number));
}

/// "cortex-a57" of "cortex-a57,pmu=off".
std::string model_of(const std::string& cpu) {
  return cpu.substr(0, cpu.find(','));
}

std::string cpu_complaint(const CellParameters& cell, const Facts& facts, const MachineType& machine) {
  auto model = std::ranges::find(machine.cpus, model_of(cell.cpu), &CpuModel::name);
  if (model == machine.cpus.end()) {
    std::vector<std::string> names;
    for (const auto& known : machine.cpus) names.push_back(known.name);
    return fmt::format("machine {} has no 64-bit CPU model '{}'{}", machine.name, model_of(cell.cpu),
                       suggestion(model_of(cell.cpu), names));
  }
  auto page = number_of(facts, "page_size");
  if (!page || model->page_sizes.empty() ||
      std::ranges::find(model->page_sizes, static_cast<std::int64_t>(*page)) != model->page_sizes.end())
    return "";
  return fmt::format("{} has no pages of {}, which kernel {} uses: it would stop before its first message", model->name,
                     to_string(ByteSize{*page}), cell.kernel);
}

std::string cpus_complaint(const CellParameters& cell, const Facts& facts, const MachineType& machine) {
  if (cell.cpus > machine.most_cpus)
    return fmt::format("machine {} has at most {} CPUs", machine.name, machine.most_cpus);
  auto built_for = number_of(facts, "nr_cpus");
  if (built_for && cell.cpus > *built_for)
    return fmt::format("kernel {} is built for at most {} CPUs (CONFIG_NR_CPUS)", cell.kernel, *built_for);
  return "";
}

std::string memory_complaint(const CellParameters& cell, const Facts& facts, const MachineType& machine) {
  auto least = number_of(facts, "least_memory");
  if (least && cell.memory.bytes < *least)
    return fmt::format("kernel {} does not boot in less than {}", cell.kernel, to_string(ByteSize{*least}));
  auto model = std::ranges::find(machine.cpus, model_of(cell.cpu), &CpuModel::name);
  auto ends_within = [&](std::uint64_t bits) {
    return bits >= 63 || machine.ram_base + cell.memory <= ByteSize{std::uint64_t{1} << bits};
  };
  if (model != machine.cpus.end() && model->pa_bits && !ends_within(*model->pa_bits))
    return fmt::format("{} addresses {} bits, and RAM starts at {}: at most {}", model->name, *model->pa_bits,
                       to_string(machine.ram_base),
                       to_string(ByteSize{(std::uint64_t{1} << *model->pa_bits) - machine.ram_base.bytes}));
  if (auto bits = number_of(facts, "pa_bits"); bits && !ends_within(*bits))
    return fmt::format("kernel {} addresses {} bits (CONFIG_ARM64_PA_BITS)", cell.kernel, *bits);
  if (auto bits = number_of(facts, "va_bits"); bits && *bits < 64 && (cell.memory.bytes >> (*bits - 1)) > 0 &&
                                               cell.memory.bytes != std::uint64_t{1} << (*bits - 1))
    return fmt::format("the linear map of kernel {} holds {} (VA_BITS {}); it drops the rest", cell.kernel,
                       to_string(ByteSize{std::uint64_t{1} << (*bits - 1)}), *bits);
  return "";
}

std::string trigger_cpu_complaint(const CellParameters& cell, const Facts&, const MachineType&) {
  if (!cell.trigger_cpu || *cell.trigger_cpu < cell.cpus) return "";
  return fmt::format("the guest has {} CPUs, and the first one is 0", cell.cpus);
}

std::string initramfs_complaint(const CellParameters& cell, const Facts&, const MachineType&) {
  if (!cell.initramfs_size || *cell.initramfs_size < cell.memory) return "";
  return fmt::format("the guest's memory, {}, cannot hold it", to_string(cell.memory));
}

std::string too_long(std::string_view whose, const std::string& words, const MachineType& machine) {
  if (!machine.longest_cmdline || words.size() <= *machine.longest_cmdline) return "";
  return fmt::format("{} kernel would cut its command line off: {} bytes, of which {} are kept", whose, words.size(),
                     *machine.longest_cmdline);
}

std::string cmdline_complaint(const CellParameters& cell, const Facts&, const MachineType& machine) {
  return cell.cmdline.size() < cell.crashkernel.value_or("").size() ? ""
                                                                    : too_long("the", system_cmdline(cell), machine);
}

std::string crashkernel_complaint(const CellParameters& cell, const Facts&, const MachineType& machine) {
  return too_long("the", system_cmdline(cell), machine);
}

std::string capture_cmdline_complaint(const CellParameters& cell, const Facts&, const MachineType& machine) {
  return too_long("the capture", cell.capture_cmdline, machine);
}

/// A value as a sentence can hold it.
std::string shortened(const std::string& value) {
  constexpr std::size_t k_most = 60;
  return value.size() <= k_most ? value : printable(value.substr(0, k_most)) + "…";
}

std::string split_complaint(const CellParameters& cell, const Facts&, const MachineType&) {
  if (cell.dump.split == 1) return "";
  if (cell.dump.format != "kdump")
    return fmt::format("makedumpfile splits dumps of format kdump only, not {}", cell.dump.format);
  return cell.dump.threads > 0 ? "makedumpfile takes either --split or --num-threads" : "";
}

std::string target_complaint(const CellParameters& cell, const Facts&, const MachineType&) {
  if (cell.dump.target != "ssh" || cell.dump.format == "flattened" || cell.dump.format == "copy") return "";
  return fmt::format("what goes by ssh is a stream, and format {} is none", cell.dump.format);
}

std::string threads_complaint(const CellParameters& cell, const Facts&, const MachineType&) {
  bool compressed = cell.dump.format == "kdump" || cell.dump.format == "flattened";
  if (cell.dump.threads == 0 || compressed) return "";
  return fmt::format("a dump of format {} is written by one thread", cell.dump.format);
}

} // namespace

MachineType load_machine_type(const std::filesystem::path& path) {
  auto file = YamlFile::load(path);
  const auto& root = file.root();
  file.check_map(root, "a machine type", {"machine", "most_cpus", "ram_base", "cpus", "longest_cmdline"});
  MachineType type;
  type.name = file.scalar(file.required(root, "machine", "the file"), "machine");
  type.most_cpus = number_in(file, file.required(root, "most_cpus", "the file"), "most_cpus");
  type.ram_base = size_in(file, file.required(root, "ram_base", "the file"), "ram_base");
  if (const auto* most = root.find("longest_cmdline")) type.longest_cmdline = number_in(file, *most, "longest_cmdline");
  const auto& cpus = file.required(root, "cpus", "the file");
  if (!cpus.is_map() || cpus.entries.empty()) throw file.error(cpus, "cpus must be a map of 'model: {…}'");
  for (const auto& [name, body] : cpus.entries) type.cpus.push_back(read_cpu(file, name, body));
  return type;
}

std::optional<Impossible> impossible(const CellParameters& cell, const Facts& facts, const MachineType& machine) {
  using Complaint = std::string (*)(const CellParameters&, const Facts&, const MachineType&);
  constexpr std::pair<const char*, Complaint> k_checks[] = {{"cpu", cpu_complaint},
                                                            {"cpus", cpus_complaint},
                                                            {"memory", memory_complaint},
                                                            {"trigger_cpu", trigger_cpu_complaint},
                                                            {"initramfs_size", initramfs_complaint},
                                                            {"cmdline", cmdline_complaint},
                                                            {"crashkernel", crashkernel_complaint},
                                                            {"capture_cmdline", capture_cmdline_complaint},
                                                            {"dump.target", target_complaint},
                                                            {"dump.split", split_complaint},
                                                            {"dump.threads", threads_complaint}};
  for (const auto& [name, complain] : k_checks) {
    const auto* parameter = find_parameter(name);
    if (auto sentence = complain(cell, facts, machine); !sentence.empty())
      return Impossible{.parameter = parameter,
                        .sentence = fmt::format("{} {}: {}", name, shortened(parameter->get(cell)), sentence)};
  }
  return std::nullopt;
}

std::string place_of(const Matrix& matrix, const Cell& cell, const Parameter& parameter) {
  auto value = parameter.get(cell.parameters);
  auto is_it = [&](const Setting& setting) { return setting.parameter == &parameter && setting.canonical == value; };
  for (const auto& axis : matrix.axes)
    if (auto found = std::ranges::find_if(axis.values, is_it); found != axis.values.end()) return found->place;
  for (const auto& inclusion : matrix.include)
    if (auto found = std::ranges::find_if(inclusion.settings, is_it); found != inclusion.settings.end())
      return found->place;
  auto written = matrix.default_places.find(&parameter);
  return written == matrix.default_places.end() ? matrix.path.string() : written->second;
}

} // namespace kdt::matrix

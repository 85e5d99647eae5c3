#pragma once

#include "matrix/matrix.hpp"
#include "model/value.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kdt::matrix {

/// A CPU model of a machine type; what is not known of it is not checked.
struct CpuModel {
  std::string name;
  std::optional<unsigned> pa_bits;      ///< bits of a physical address
  std::vector<std::int64_t> page_sizes; ///< in bytes; empty: not known
};

/// What a machine type can be asked for.
struct MachineType {
  std::string name;
  unsigned most_cpus = 0;
  ByteSize ram_base{};
  std::vector<CpuModel> cpus;
  std::optional<unsigned> longest_cmdline{}; ///< in bytes, without what kdt and the loader add
};

/// Reads matrices/machines/NAME.yaml. Throws Error{usage} with file:line:column.
MachineType load_machine_type(const std::filesystem::path& path);

/// A value with which no guest can run, or which contradicts another.
struct Impossible {
  const Parameter* parameter;
  std::string sentence; ///< "memory: …"
};

/// The first value of a cell that the machine type or the kernel (by its facts) rules out. Not what the
/// kernel is asked and may refuse: that is an experiment.
std::optional<Impossible> impossible(const CellParameters& cell, const Facts& facts, const MachineType& machine);

/// Where the matrix gives a cell this parameter's value: file:line:column, or the file where nobody wrote it.
std::string place_of(const Matrix& matrix, const Cell& cell, const Parameter& parameter);

} // namespace kdt::matrix

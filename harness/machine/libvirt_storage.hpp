#pragma once

#include "base/c_handle.hpp"
#include "machine/machine.hpp"

#include <filesystem>
#include <libvirt/libvirt.h>
#include <map>
#include <mutex>
#include <string>

namespace kdt::machine {

using PoolHandle = CHandle<virStoragePool, virStoragePoolFree>;
using VolumeHandle = CHandle<virStorageVol, virStorageVolFree>;

/// Files of ours on the host that a connection leads to, when that is another one: a pool of our own, in a directory
/// that goes with this object. Used by all threads of a run.
class LibvirtStorage {
public:
  /// Makes the pool, whose name tells which process it is of, and removes what kdt processes left there that are dead
  /// (see is_dead()). Throws Error{infra}.
  LibvirtStorage(virConnectPtr connection, const std::string& name);
  LibvirtStorage(LibvirtStorage&&) = delete;
  ~LibvirtStorage();

  /// The machine with its files there, holes as holes; those that no guest changes are taken there only once. Throws
  /// Error{infra}.
  MachineSpec take_there(const MachineSpec& here);
  /// Brings the disks that the guest wrote to back, and removes them there. Throws Error{infra}.
  void bring_back(const MachineSpec& there, const MachineSpec& here);
  /// Where a new file would be that somebody there makes: for download().
  std::filesystem::path place(const std::string& name) const { return directory_ / name; }
  /// Brings a file of that path back, into this one, and removes it there. Throws Error{infra}.
  void download(const std::filesystem::path& there, const std::filesystem::path& file);

private:
  std::filesystem::path upload(const std::filesystem::path& file, bool changes);

  virConnectPtr connection_;
  std::filesystem::path directory_;
  PoolHandle pool_;
  std::mutex mutex_; ///< guards what follows
  int files_ = 0;
  std::map<std::string, std::filesystem::path> uploaded_; ///< by path, size and time here
};

} // namespace kdt::machine

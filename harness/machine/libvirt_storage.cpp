#include "machine/libvirt_storage.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "machine/libvirt_stream.hpp"
#include "machine/pool_name.hpp"

#include <pugixml.hpp>

#include <atomic>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kdt::machine {

namespace {

constexpr const char* k_parent = "/var/tmp"; // of that host: large, and anybody may write there

Error failed(const std::string& act) {
  return {Blame::infra, "libvirt cannot {}: {}", act, libvirt_message()};
}

std::string xml_of(const char* root, std::initializer_list<std::pair<const char*, std::string>> members) {
  pugi::xml_document document;
  auto node = document.append_child(root);
  if (std::string_view(root) == "pool") node.append_attribute("type") = "dir";
  for (const auto& [path, text] : members) {
    auto at = node;
    for (const auto& name : split(path, '/')) {
      auto child = at.child(name.c_str());
      at = child ? child : at.append_child(name.c_str());
    }
    at.text() = text.c_str();
  }
  if (auto format = node.child("target").child("format")) { // an attribute, not a text
    format.append_attribute("type") = format.text().get();
    format.text() = "";
  }
  std::ostringstream text;
  document.save(text, "", pugi::format_raw | pugi::format_no_declaration);
  return text.str();
}

/// Where data begins or ends next; the file's end is the end of all.
int next_of(virStreamPtr, int* in_data, long long* length, void* opaque) {
  int fd = *static_cast<int*>(opaque);
  auto here = ::lseek(fd, 0, SEEK_CUR);
  auto data = ::lseek(fd, here, SEEK_DATA);
  auto size = ::lseek(fd, 0, SEEK_END);
  *in_data = data == here ? 1 : 0;
  auto end = data < 0 ? size : *in_data != 0 ? ::lseek(fd, here, SEEK_HOLE) : data;
  *length = end - here;
  return ::lseek(fd, here, SEEK_SET) < 0 ? -1 : 0;
}

int read_some(virStreamPtr, char* buffer, std::size_t count, void* opaque) {
  return static_cast<int>(::read(*static_cast<int*>(opaque), buffer, count));
}

int write_some(virStreamPtr, const char* buffer, std::size_t count, void* opaque) {
  return static_cast<int>(::write(*static_cast<int*>(opaque), buffer, count));
}

int skip_some(virStreamPtr, long long count, void* opaque) {
  return ::lseek(*static_cast<int*>(opaque), count, SEEK_CUR) < 0 ? -1 : 0;
}

int leave_hole(virStreamPtr, long long count, void* opaque) {
  int fd = *static_cast<int*>(opaque);
  auto end = ::lseek(fd, count, SEEK_CUR);
  return end < 0 || ::ftruncate(fd, end) != 0 ? -1 : 0;
}

/// With its files and its directory.
void remove_pool(virStoragePoolPtr pool) {
  virStorageVolPtr* volumes = nullptr;
  ::virStoragePoolRefresh(pool, 0);
  int count = ::virStoragePoolListAllVolumes(pool, &volumes, 0);
  for (int i = 0; i < count; ++i) ::virStorageVolDelete(VolumeHandle(volumes[i]).get(), 0);
  std::free(volumes); // NOLINT: libvirt's array
  ::virStoragePoolDestroy(pool);
  ::virStoragePoolDelete(pool, 0);
  ::virStoragePoolUndefine(pool);
}

/// A pool that we would have made, where we would have made it, by a process that is dead.
bool is_left_over(virStoragePoolPtr pool) {
  std::string name = ::virStoragePoolGetName(pool);
  auto owner = pool_owner(name);
  if (!owner || !is_dead(*owner)) return false;
  CHandle<char, std::free> xml(::virStoragePoolGetXMLDesc(pool, 0));
  pugi::xml_document document;
  document.load_string(xml ? xml.get() : "");
  auto root = document.child("pool");
  return std::string_view(root.attribute("type").value()) == "dir" &&
         fs::path(root.child("target").child("path").text().get()) == fs::path(k_parent) / name;
}

/// Not of one name only: when a host was away and is back, the pool of the connection that was lost is still there.
fs::path new_directory(const std::string& name) {
  static std::atomic<int> count = 0;
  return fs::path(k_parent) / pool_name(fmt::format("{}-{}", name, ++count), own_identity());
}

/// Whatever libvirt refuses stays: it hinders nobody.
void remove_left_overs(virConnectPtr connection) {
  virStoragePoolPtr* pools = nullptr;
  int count = ::virConnectListAllStoragePools(connection, &pools, 0);
  for (int i = 0; i < count; ++i) {
    PoolHandle pool(pools[i]);
    if (!is_left_over(pool.get())) continue;
    if (::virStoragePoolIsActive(pool.get()) == 0) ::virStoragePoolCreate(pool.get(), 0); // that host has booted since
    remove_pool(pool.get());
  }
  std::free(pools); // NOLINT: libvirt's array
}

} // namespace

LibvirtStorage::LibvirtStorage(virConnectPtr connection, const std::string& name)
    : connection_(connection), directory_(new_directory(name)) {
  remove_left_overs(connection);
  auto xml = xml_of("pool", {{"name", directory_.filename().string()},
                             {"target/path", directory_.string()},
                             {"target/permissions/mode", "0711"}});
  pool_.reset(::virStoragePoolDefineXML(connection, xml.c_str(), 0));
  if (!pool_) throw failed("make a pool for our images");
  if (::virStoragePoolBuild(pool_.get(), 0) < 0 || ::virStoragePoolCreate(pool_.get(), 0) < 0) {
    auto error = failed("make a pool for our images");
    ::virStoragePoolUndefine(pool_.get());
    throw error;
  }
}

LibvirtStorage::~LibvirtStorage() {
  remove_pool(pool_.get());
}

fs::path LibvirtStorage::upload(const fs::path& file, bool changes) {
  std::scoped_lock lock(mutex_); // two cells that need the same image: one takes it there
  auto fd = open_file(file, O_RDONLY);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw Error(Blame::infra, "{}: {}", file.string(), errno_text(errno));
  auto key = fmt::format("{} {} {}", file.string(), status.st_size, status.st_mtim.tv_sec);
  if (auto found = uploaded_.find(key); !changes && found != uploaded_.end()) return found->second;
  auto name = fmt::format("file-{}", ++files_);
  auto xml = xml_of("volume", {{"name", name},
                               {"capacity", std::to_string(status.st_size)},
                               {"allocation", "0"},
                               {"target/format", "raw"},
                               {"target/permissions/mode", "0600"}});
  VolumeHandle volume(::virStorageVolCreateXML(pool_.get(), xml.c_str(), 0));
  StreamHandle stream(::virStreamNew(connection_, 0));
  int source = fd.get();
  bool done = volume && stream &&
              ::virStorageVolUpload(volume.get(), stream.get(), 0, 0, VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM) == 0 &&
              ::virStreamSparseSendAll(stream.get(), read_some, next_of, skip_some, &source) == 0 &&
              ::virStreamFinish(stream.get()) == 0;
  if (!done) throw failed(fmt::format("take {} to the other host", file.string()));
  auto there = directory_ / name;
  if (!changes) uploaded_[key] = there;
  return there;
}

void LibvirtStorage::download(const fs::path& there, const fs::path& file) {
  auto fd = open_file(file, O_WRONLY | O_CREAT | O_TRUNC);
  {
    std::scoped_lock lock(mutex_);
    ::virStoragePoolRefresh(pool_.get(), 0); // what QEMU made there is news for the pool
  }
  VolumeHandle volume(::virStorageVolLookupByPath(connection_, there.c_str()));
  StreamHandle stream(::virStreamNew(connection_, 0));
  int target = fd.get();
  bool done = volume && stream &&
              ::virStorageVolDownload(volume.get(), stream.get(), 0, 0, VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM) == 0 &&
              ::virStreamSparseRecvAll(stream.get(), write_some, leave_hole, &target) == 0 &&
              ::virStreamFinish(stream.get()) == 0;
  if (!done) throw failed(fmt::format("bring {} back from the other host", there.string()));
  ::virStorageVolDelete(volume.get(), 0);
}

MachineSpec LibvirtStorage::take_there(const MachineSpec& here) {
  auto there = here;
  there.kernel = upload(here.kernel, false);
  there.initramfs = upload(here.initramfs, false);
  for (auto& drive : there.drives) drive.file = upload(drive.file, !drive.read_only);
  return there;
}

void LibvirtStorage::bring_back(const MachineSpec& there, const MachineSpec& here) {
  for (std::size_t i = 0; i < here.drives.size(); ++i)
    if (!here.drives[i].read_only) download(there.drives[i].file, here.drives[i].file);
}

} // namespace kdt::machine

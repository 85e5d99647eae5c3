#include "run/parcel.hpp"

#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace kdt::run {

namespace {

using Json = nlohmann::ordered_json;
using Writer = CHandle<archive, archive_write_free>;
using Reader = CHandle<archive, archive_read_free>;
using Entry = CHandle<archive_entry, archive_entry_free>;

constexpr int k_parcel_schema = 1;
constexpr ByteSize k_longest_list = ByteSize::mib(1);
constexpr std::size_t k_piece = std::size_t{1} << 20;
constexpr std::size_t k_longest_name = 255;
constexpr std::size_t k_deepest = 6;

// --------------------------------------------------------------------------------------------------------- packing

class Packer {
public:
  explicit Packer(const fs::path& file) : file_(file), writer_(archive_write_new()) {
    check(archive_write_set_format_pax_restricted(writer_.get()));
    check(archive_write_add_filter_zstd(writer_.get()));
    check(archive_write_open_filename(writer_.get(), file.c_str()));
  }

  void add(const std::string& name, ByteSize size) {
    Entry entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_mode(entry.get(), AE_IFREG | (name.ends_with(".sh") ? 0755 : 0644));
    archive_entry_set_size(entry.get(), static_cast<std::int64_t>(size.bytes));
    archive_entry_set_mtime(entry.get(), 0, 0);
    check(archive_write_header(writer_.get(), entry.get()));
  }
  void write(std::string_view bytes) {
    if (archive_write_data(writer_.get(), bytes.data(), bytes.size()) != static_cast<la_ssize_t>(bytes.size()))
      check(ARCHIVE_FATAL);
  }
  void close() { check(archive_write_close(writer_.get())); }

private:
  void check(int result) const {
    if (result != ARCHIVE_OK)
      throw Error(Blame::infra, "{}: cannot write the bundle: {}", file_.string(), archive_error_string(writer_.get()));
  }
  fs::path file_;
  Writer writer_;
};

/// Calls with each piece of a file.
template <class Function>
void each_piece(const fs::path& file, Function use) {
  auto fd = open_file(file, O_RDONLY);
  std::string piece(k_piece, '\0');
  for (;;) {
    auto got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(Blame::infra, "{}: cannot read: {}", file.string(), errno_text(errno));
    if (got == 0) return;
    use(std::string_view(piece).substr(0, static_cast<std::size_t>(got)));
  }
}

// ------------------------------------------------------------------------------------------------------- unpacking

/// What the list says of a file.
struct Listed {
  ByteSize size;
  std::string sha256;
};

class Unpacker {
public:
  Unpacker(const fs::path& file, const fs::path& directory, const ParcelLimits& limits)
      : file_(file), directory_(directory), limits_(limits), reader_(archive_read_new()) {
    // Nothing but what pack_parcel() writes: less of libarchive sees foreign bytes.
    archive_read_support_format_tar(reader_.get());
    archive_read_support_filter_zstd(reader_.get());
    if (archive_read_open_filename(reader_.get(), file.c_str(), k_piece) != ARCHIVE_OK) refuse(why());
  }

  void unpack() {
    auto* entry = next();
    if (entry == nullptr || name_of(entry) != k_parcel_list) refuse("it does not begin with bundle.json");
    auto list = read_list(entry);
    make_directories(directory_);
    write_file(directory_ / k_parcel_list, list);
    while ((entry = next()) != nullptr) unpack_file(entry);
    if (!listed_.empty()) refuse(fmt::format("'{}' is missing in it", listed_.begin()->first));
  }

private:
  [[noreturn]] void refuse(const std::string& why) const {
    throw Error(Blame::usage, "{} is no bundle of kdt's: {}", file_.string(), why);
  }
  std::string why() const {
    const auto* text = archive_error_string(reader_.get());
    return text == nullptr ? "it cannot be read" : printable(text);
  }

  archive_entry* next() {
    archive_entry* entry = nullptr;
    int result = archive_read_next_header(reader_.get(), &entry);
    if (result == ARCHIVE_EOF) return nullptr;
    if (result != ARCHIVE_OK) refuse(why());
    return entry;
  }

  std::string name_of(archive_entry* entry) const {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr || !is_parcel_name(name))
      refuse(fmt::format("it holds the name '{}'", name == nullptr ? "" : printable(name)));
    bool plain = archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr &&
                 archive_entry_symlink(entry) == nullptr;
    if (!plain) refuse(fmt::format("'{}' is no plain file", name));
    return name;
  }

  /// Calls with each piece of the entry that was read last, at most so many bytes.
  template <class Function>
  void each_piece_of_entry(const std::string& name, ByteSize size, Function use) {
    std::vector<char> piece(k_piece);
    for (std::uint64_t seen = 0;;) {
      auto got = archive_read_data(reader_.get(), piece.data(), piece.size());
      if (got < 0) refuse(why());
      if (got == 0 && seen != size.bytes) refuse(fmt::format("'{}' is shorter than listed", name));
      if (got == 0) return;
      seen += static_cast<std::uint64_t>(got);
      if (seen > size.bytes) refuse(fmt::format("'{}' is longer than listed", name));
      use(std::string_view(piece.data(), static_cast<std::size_t>(got)));
    }
  }

  std::string read_list(archive_entry* entry) {
    auto size = archive_entry_size(entry);
    if (size < 0 || static_cast<std::uint64_t>(size) > k_longest_list.bytes) refuse("its list is too long");
    std::string text;
    each_piece_of_entry(k_parcel_list, {static_cast<std::uint64_t>(size)},
                        [&](std::string_view piece) { text += piece; });
    try {
      take_list(Json::parse(text));
    } catch (const Json::exception& error) {
      refuse(error.what());
    }
    return text;
  }

  void take_list(const Json& list) {
    if (auto schema = list.at("schema").get<int>(); schema != k_parcel_schema)
      refuse(fmt::format("its schema is {}, and this kdt reads {} only", schema, k_parcel_schema));
    ByteSize total;
    for (const auto& [name, about] : list.at("files").items()) {
      Listed listed{.size = {about.at("bytes").get<std::uint64_t>()}, .sha256 = about.at("sha256")};
      if (!is_parcel_name(name) || name == k_parcel_list) refuse(fmt::format("it lists '{}'", printable(name)));
      total.bytes += std::min(listed.size, limits_.total).bytes;
      if (listed.size > limits_.file || total > limits_.total || listed_.size() >= limits_.files)
        refuse(fmt::format("it would take more than {} files of {}, or {} together", limits_.files, human(limits_.file),
                           human(limits_.total)));
      listed_[name] = std::move(listed);
    }
    if (auto free = free_space(directory_); free < total)
      throw Error(Blame::infra, "{}: unpacked it takes {}, and {} has {} free", file_.string(), human(total),
                  directory_.string(), human(free));
  }

  void unpack_file(archive_entry* entry) {
    auto name = name_of(entry);
    auto listed = listed_.extract(name); // a second one of that name is not listed any more
    if (listed.empty()) refuse(fmt::format("'{}' is not in its list", name));
    auto path = directory_ / name;
    make_directories(path.parent_path());
    auto fd = open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    Sha256 hash;
    each_piece_of_entry(name, listed.mapped().size, [&](std::string_view piece) {
      hash.add(piece);
      write_all(fd.get(), piece, path.string());
    });
    if (hash.hex() != listed.mapped().sha256) refuse(fmt::format("'{}' is not as listed: it was damaged", name));
  }

  fs::path file_;
  fs::path directory_;
  ParcelLimits limits_;
  Reader reader_;
  std::map<std::string, Listed> listed_; ///< and not unpacked yet
};

} // namespace

bool is_parcel_name(std::string_view name) {
  auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._=,+@:-/").find(c) != std::string_view::npos;
  };
  if (name.empty() || name.size() > k_longest_name || !std::ranges::all_of(name, plain)) return false;
  auto parts = split(name, '/');
  return parts.size() <= k_deepest && std::ranges::none_of(parts, [](const std::string& part) {
           return part.empty() || part == "." || part == "..";
         });
}

void pack_parcel(const fs::path& archive, const ParcelFiles& files, const std::map<std::string, std::string>& members) {
  Json list{{"schema", k_parcel_schema}};
  for (const auto& [name, value] : members) list[name] = printable(value);
  list["files"] = Json::object();
  for (const auto& [name, path] : files) {
    if (!is_parcel_name(name)) throw Error(Blame::usage, "'{}' is no name for a file of a bundle", printable(name));
    list["files"][name] = {{"bytes", size_of_file(path).bytes}, {"sha256", sha256_file(path)}};
  }
  auto text = list.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  Packer packer(archive);
  packer.add(k_parcel_list, {text.size()});
  packer.write(text);
  for (const auto& [name, path] : files) {
    packer.add(name, {list["files"][name]["bytes"].get<std::uint64_t>()});
    each_piece(path, [&](std::string_view piece) { packer.write(piece); });
  }
  packer.close();
}

void unpack_parcel(const fs::path& archive, const fs::path& directory, const ParcelLimits& limits) {
  Unpacker(archive, directory, limits).unpack();
}

} // namespace kdt::run

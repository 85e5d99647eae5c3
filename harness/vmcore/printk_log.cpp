#include "vmcore/printk_log.hpp"

#include "base/text.hpp"
#include "vmcore/raw_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::vmcore {

namespace {

constexpr std::uint64_t k_max_records = std::uint64_t{1} << 20; // LOG_BUF_SHIFT goes to 25, PRB_AVGBITS is 5
constexpr std::uint64_t k_max_text = std::uint64_t{1} << 28;
constexpr std::uint64_t k_max_printed = std::uint64_t{1} << 26; // overlapping hostile records must not multiply
constexpr std::uint64_t k_max_structure = 512;
constexpr unsigned k_state_shift = 62;
constexpr std::uint64_t k_id_mask = (std::uint64_t{1} << k_state_shift) - 1;
constexpr std::uint64_t k_committed = 1;
constexpr std::uint64_t k_finalized = 2;

/// Layout missing, address unreadable, size absurd: ends the reading with a sentence. Never leaves this file.
struct Unreadable {
  std::string why;
};

std::uint64_t known(const std::optional<std::uint64_t>& value, std::string_view what) {
  if (!value) throw Unreadable{fmt::format("vmcoreinfo has no {}", what)};
  return *value;
}

std::vector<unsigned char> fetch(const ReadMemory& read, std::uint64_t address, std::uint64_t bytes,
                                 std::string_view what) {
  if (bytes == 0) throw Unreadable{fmt::format("vmcoreinfo says that {} has no size", what)};
  std::vector<unsigned char> memory(bytes);
  if (!read(address, memory.data(), memory.size()))
    throw Unreadable{fmt::format("{} ({} bytes at {:#x}) is not in the dump", what, bytes, address)};
  return memory;
}

/// A member of a structure, refused when it does not fit: the layout itself comes from the dump.
template <typename T>
T member(const std::vector<unsigned char>& memory, std::uint64_t at) {
  if (at > memory.size() || memory.size() - at < sizeof(T))
    throw Unreadable{"vmcoreinfo's offsets do not fit its sizes"};
  return load<T>(memory.data() + at);
}

/// `bits` is the byte of flags:5 and level:3, which vmcoreinfo does not name: it stands behind text_len and facility.
void append(PrintkLog& log, std::uint64_t nanoseconds, std::uint8_t bits, std::string_view text) {
  auto prefix = fmt::format("[{:5}.{:06}] ", nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000 / 1000);
  for (const auto& line : split(text, '\n')) {
    log.lines.push_back(prefix + printable(line));
    log.levels.push_back(static_cast<char>('0' + (bits >> 5)));
    log.bytes += log.lines.back().size() + 1;
  }
  if (log.bytes > k_max_printed) throw Unreadable{"the log is absurdly long"};
  ++log.records;
}

/// The lockless ring: descriptors and infos by id, text by logical position.
class Ring {
public:
  Ring(const VmcoreInfo& info, const ReadMemory& read) : info_(info) {
    // prb is a pointer: after boot it points to the dynamic ring.
    auto pointer = fetch(read, known(info.symbol("prb"), "SYMBOL(prb)"), 8, "prb");
    auto ring = fetch(read, load<std::uint64_t>(pointer.data()), size("printk_ringbuffer"), "printk_ringbuffer");
    auto descriptors = offset("printk_ringbuffer.desc_ring");
    auto texts = offset("printk_ringbuffer.text_data_ring");
    count_ =
        power(member<std::uint32_t>(ring, descriptors + offset("prb_desc_ring.count_bits")), k_max_records, "records");
    text_size_ =
        power(member<std::uint32_t>(ring, texts + offset("prb_data_ring.size_bits")), k_max_text, "bytes of text");
    head_ = member<std::uint64_t>(ring, descriptors + offset("prb_desc_ring.head_id"));
    tail_ = member<std::uint64_t>(ring, descriptors + offset("prb_desc_ring.tail_id"));
    desc_size_ = size("prb_desc");
    info_size_ = size("printk_info");
    descs_ = fetch(read, member<std::uint64_t>(ring, descriptors + offset("prb_desc_ring.descs")), count_ * desc_size_,
                   "the array of prb_desc");
    infos_ = fetch(read, member<std::uint64_t>(ring, descriptors + offset("prb_desc_ring.infos")), count_ * info_size_,
                   "the array of printk_info");
    text_ = fetch(read, member<std::uint64_t>(ring, texts + offset("prb_data_ring.data")), text_size_, "the text ring");
    state_at_ = offset("prb_desc.state_var");
    begin_at_ = offset("prb_desc.text_blk_lpos") + offset("prb_data_blk_lpos.begin");
    next_at_ = offset("prb_desc.text_blk_lpos") + offset("prb_data_blk_lpos.next");
    stamp_at_ = offset("printk_info.ts_nsec");
    length_at_ = offset("printk_info.text_len");
  }

  void walk(PrintkLog& log) const {
    auto ids = ((head_ - tail_) & k_id_mask) + 1;
    if (ids > count_) throw Unreadable{fmt::format("the ring claims {} records and holds {}", ids, count_)};
    for (std::uint64_t i = 0; i < ids; ++i) take((tail_ + i) & k_id_mask, log);
  }

private:
  std::uint64_t size(std::string_view of) const { return bounded(known(info_.size(of), fmt::format("SIZE({})", of))); }
  std::uint64_t offset(std::string_view of) const {
    return bounded(known(info_.offset(of), fmt::format("OFFSET({})", of)));
  }
  static std::uint64_t bounded(std::uint64_t value) {
    if (value > k_max_structure) throw Unreadable{"vmcoreinfo's sizes are absurd"};
    return value;
  }
  static std::uint64_t power(std::uint32_t bits, std::uint64_t limit, std::string_view what) {
    if (bits >= 63 || std::uint64_t{1} << bits > limit) throw Unreadable{fmt::format("2^{} {} are absurd", bits, what)};
    return std::uint64_t{1} << bits;
  }

  void take(std::uint64_t id, PrintkLog& log) const {
    auto index = id % count_;
    auto state = member<std::uint64_t>(descs_, index * desc_size_ + state_at_);
    if ((state & k_id_mask) != id) return; // reused or never used: no record of ours
    auto kind = state >> k_state_shift;
    if (kind != k_committed && kind != k_finalized) return;
    std::string_view text;
    if (!find_text(member<std::uint64_t>(descs_, index * desc_size_ + begin_at_),
                   member<std::uint64_t>(descs_, index * desc_size_ + next_at_), text)) {
      ++log.damaged;
      return;
    }
    auto length = member<std::uint16_t>(infos_, index * info_size_ + length_at_);
    append(log, member<std::uint64_t>(infos_, index * info_size_ + stamp_at_),
           member<std::uint8_t>(infos_, index * info_size_ + length_at_ + 3), text.substr(0, length));
  }

  /// get_data(): a block that would cross the end of the ring stands at its beginning; the first 8 bytes are the id.
  bool find_text(std::uint64_t begin, std::uint64_t next, std::string_view& text) const {
    if ((begin & 1) != 0 && (next & 1) != 0) return begin == 3 && next == 3; // NO_LPOS: a record without text
    std::uint64_t from = begin % text_size_;
    std::uint64_t bytes = 0;
    if (begin / text_size_ == (next - 1) / text_size_ && begin < next) {
      bytes = next - begin;
    } else if ((begin + text_size_) / text_size_ == next / text_size_) {
      from = 0;
      bytes = next % text_size_;
    } else {
      return false;
    }
    if (begin % 8 != 0 || bytes < 8 || bytes > text_size_ - from) return false;
    text = {reinterpret_cast<const char*>(text_.data()) + from + 8, bytes - 8};
    return true;
  }

  const VmcoreInfo& info_;
  std::uint64_t count_ = 0, text_size_ = 0, head_ = 0, tail_ = 0, desc_size_ = 0, info_size_ = 0;
  std::uint64_t state_at_ = 0, begin_at_ = 0, next_at_ = 0, stamp_at_ = 0, length_at_ = 0;
  std::vector<unsigned char> descs_, infos_, text_;
};

/// The buffer of variable-length records before 5.10: struct printk_log (log before 3.16), text behind it.
void walk_log_buf(const VmcoreInfo& info, const ReadMemory& read, PrintkLog& log) {
  auto word = [&](std::string_view name, std::size_t bytes) {
    auto memory = fetch(read, known(info.symbol(name), fmt::format("SYMBOL({})", name)), bytes, name);
    return bytes == 8 ? load<std::uint64_t>(memory.data()) : load<std::uint32_t>(memory.data());
  };
  auto layout = [&](std::string_view name) {
    return known(info.offset(fmt::format("printk_log.{}", name)), fmt::format("OFFSET(printk_log.{})", name));
  };
  auto address = word("log_buf", 8);
  auto bytes = word("log_buf_len", 4);
  if (bytes > k_max_text) throw Unreadable{fmt::format("a log buffer of {} bytes is absurd", bytes)};
  auto buffer = fetch(read, address, bytes, "log_buf");
  auto header = known(info.size("printk_log"), "SIZE(printk_log)");
  auto at = word("log_first_idx", 4);
  auto end = word("log_next_idx", 4);
  auto stamp_at = layout("ts_nsec"), length_at = layout("len"), text_length_at = layout("text_len");
  for (std::uint64_t walked = 0; at != end;) {
    if (at >= bytes) throw Unreadable{"log_first_idx is beyond the log buffer"};
    auto length = member<std::uint16_t>(buffer, at + length_at);
    if (length == 0) { // the writer went back to the start
      if (at == 0) break;
      walked += bytes - at;
      at = 0;
    } else {
      auto text_length = member<std::uint16_t>(buffer, at + text_length_at);
      if (length < header || header + text_length > length || length > bytes - at) {
        ++log.damaged; // without a trustworthy length there is no next record
        return;
      }
      append(log, member<std::uint64_t>(buffer, at + stamp_at), member<std::uint8_t>(buffer, at + text_length_at + 5),
             {reinterpret_cast<const char*>(buffer.data()) + at + header, text_length});
      walked += length;
      at += length;
    }
    if (walked > 2 * bytes) throw Unreadable{"the log buffer's records run in a circle"};
  }
}

} // namespace

std::string PrintkLog::text() const {
  std::string all;
  for (const auto& line : lines) all += line + "\n";
  return all;
}

PrintkLog read_printk_log(const VmcoreInfo& info, const ReadMemory& read) {
  PrintkLog log;
  try {
    if (info.symbol("prb"))
      Ring(info, read).walk(log);
    else if (info.symbol("log_buf"))
      walk_log_buf(info, read, log);
    else
      log.problem = "vmcoreinfo names neither prb nor log_buf";
    if (log.problem.empty() && log.lines.empty()) log.problem = "the log is empty";
  } catch (const Unreadable& reason) {
    log.problem = reason.why;
  }
  return log;
}

} // namespace kdt::vmcore

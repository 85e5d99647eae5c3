#include "matrix/crashkernel.hpp"

namespace kdt::matrix {

namespace {
constexpr ByteSize k_range_granule = ByteSize::mib(128); // parse_crashkernel_mem: roundup(system_ram, SZ_128M)
constexpr std::string_view k_high = ",high";
constexpr std::string_view k_low = ",low";
constexpr std::string_view k_cma = ",cma";

void refuse(CrashkernelRequest& request, std::string flaw, std::string_view at = {}) {
  request.form = "invalid";
  request.flaw = std::move(flaw);
  if (!at.empty() && at[0] > ' ' && at[0] <= '~') request.flaw_char = at[0];
}

/// Takes what the text starts with, if it does.
bool take(std::string_view& text, char wanted) {
  bool there = text.starts_with(wanted);
  if (there) text.remove_prefix(1);
  return there;
}

/// One "start-[end]:size" of a list.
struct Range {
  std::uint64_t start = 0;
  std::uint64_t end = ~std::uint64_t{0};
  std::uint64_t size = 0;
};

/// Takes one range; nullopt when the request is refused.
std::optional<Range> take_range(std::string_view& rest, CrashkernelRequest& request) {
  auto refused = [&](const char* flaw) {
    refuse(request, flaw);
    return std::nullopt;
  };
  Range range;
  auto start = take_size(rest);
  if (!start) return refused("list_number");
  range.start = start->bytes;
  if (!take(rest, '-')) return refused("list_dash");
  if (!rest.starts_with(':')) {
    auto end = take_size(rest);
    if (!end) return refused("list_number");
    if (*end <= *start) return refused("list_order");
    range.end = end->bytes;
  }
  if (!take(rest, ':')) return refused("list_colon");
  auto size = take_size(rest);
  if (!size) return refused("list_size");
  range.size = size->bytes;
  return range;
}

/// "start-[end]:size,…[@base]": the first range that holds the RAM counts, what is behind it is not looked at
/// (parse_crashkernel_mem).
void read_ranges(std::string_view rest, ByteSize ram, CrashkernelRequest& request) {
  auto total = (ram.bytes + k_range_granule.bytes - 1) / k_range_granule.bytes * k_range_granule.bytes;
  std::uint64_t size = 0;
  do {
    auto range = take_range(rest, request);
    if (!range) return;
    request.form = "range";
    if (range->size >= total) {
      request.range = "too_big";
      return;
    }
    if (range->start <= total && total < range->end) {
      size = range->size;
      break;
    }
  } while (take(rest, ','));
  request.range = size > 0 ? "matched" : "unmatched";
  if (size == 0) return;
  if (auto at = rest.find('@'); at != std::string_view::npos) {
    rest.remove_prefix(at + 1);
    auto base = take_size(rest);
    if (!base) return refuse(request, "list_base");
    if (base->bytes > 0) request.base = base;
  }
  request.size = ByteSize{size};
  request.form = request.base ? "at" : "plain";
}

/// "256M", "256M@0x60000000", "auto", "256M,foo" (parse_crashkernel_simple). What follows the '@' is no number, or one
/// with something behind it: the kernel does not look.
void read_simple(std::string_view rest, CrashkernelRequest& request) {
  auto size = take_size(rest);
  if (!size) return refuse(request, "no_number");
  if (take(rest, '@')) {
    auto base = take_size(rest);
    if (base && base->bytes > 0) request.base = base;
  } else if (!rest.empty()) {
    return refuse(request, "char", rest);
  }
  request.size = size;
  request.form = size->bytes == 0 ? "zero" : request.base ? "at" : "plain";
}

/// "256M,high" and nothing else (parse_crashkernel_suffix); nullopt when it is refused.
std::optional<ByteSize> read_suffixed(std::string_view rest, std::string_view suffix, CrashkernelRequest& request) {
  auto size = take_size(rest);
  if (!size) {
    refuse(request, "no_number");
  } else if (rest != suffix) {
    if (rest.starts_with(suffix)) rest.remove_prefix(suffix.size());
    refuse(request, "char", rest);
  } else {
    return size;
  }
  request.flaw_in = suffix.substr(1);
  return std::nullopt;
}

/// Without a plain entry: X,high, and Y,low beside it.
void read_high(std::string_view high, const std::optional<std::string>& low, CrashkernelRequest& request) {
  auto size = read_suffixed(high, k_high, request);
  if (!size) return;
  if (size->bytes == 0) { // the kernel ends here
    request.form = "zero";
    return;
  }
  if (low) request.low = read_suffixed(*low, k_low, request);
  if (low && !request.low) return;
  request.size = size;
  request.form = low ? "high+low" : "high";
}

std::optional<unsigned> digit_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  auto lower = static_cast<char>(c | 0x20);
  if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a') + 10;
  return std::nullopt;
}
} // namespace

std::optional<ByteSize> take_size(std::string_view& text) {
  constexpr std::string_view k_units = "kmgtpe"; // each 1024 times the one before
  auto digit = [&](std::size_t at) { return at < text.size() ? digit_of(text[at]) : std::nullopt; };
  std::uint64_t base = 10;
  std::size_t at = 0;
  if (text.starts_with('0')) {
    bool hex = text.size() > 1 && (text[1] == 'x' || text[1] == 'X') && digit(2);
    base = hex ? 16 : 8;
    at = hex ? 2 : 0;
  }
  std::uint64_t number = 0; // wraps as the kernel's does
  for (; digit(at) && *digit(at) < base; ++at) number = number * base + *digit(at);
  if (at < text.size()) {
    auto unit = k_units.find(static_cast<char>(text[at] | 0x20));
    if (unit != std::string_view::npos) {
      number <<= 10 * (unit + 1);
      ++at;
    }
  }
  if (at == 0) return std::nullopt;
  text.remove_prefix(at);
  return ByteSize{number};
}

CrashkernelRequest read_crashkernel(const std::vector<std::string>& words, ByteSize ram) {
  CrashkernelRequest request;
  std::optional<std::string> plain;
  std::optional<std::string> high;
  std::optional<std::string> low;
  bool cma = false;
  for (const auto& word : words) {
    if (word.ends_with(k_high)) {
      high = word;
    } else if (word.ends_with(k_low)) {
      low = word;
    } else if (word.ends_with(k_cma)) {
      cma = true;
      request.cma_is_last = true;
    } else {
      plain = word;
      request.cma_is_last = false;
    }
  }
  if (plain) {
    if (plain->find(':') != std::string::npos) {
      read_ranges(*plain, ram, request);
    } else {
      read_simple(*plain, request);
    }
    if (request.form == "invalid") request.flaw_in = "plain";
    if (request.form == "plain" && high) request.form = "plain+high";
    if (request.form == "plain" && cma) request.form = "plain+cma";
  } else if (high) {
    read_high(*high, low, request);
  } else if (low) {
    request.form = "low_only";
  } else if (cma) {
    request.form = "cma";
  }
  return request;
}

} // namespace kdt::matrix

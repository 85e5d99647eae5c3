#include "matrix/crashkernel.hpp"

#include "base/text.hpp"

namespace kdt::matrix {

namespace {
constexpr ByteSize k_range_granule = ByteSize::mib(128); // parse_crashkernel_mem: roundup(system_ram, SZ_128M)

/// Takes the size that is chosen from "start-[end]:size,…[@base]" into request.
void read_ranges(std::string_view text, ByteSize ram, CrashkernelRequest& request) {
  auto malformed = [&] {
    request.form = "invalid";
    request.flaw = "range";
  };
  ByteSize total{(ram.bytes + k_range_granule.bytes - 1) / k_range_granule.bytes * k_range_granule.bytes};
  std::string_view rest = text;
  for (;;) {
    auto start = take_size(rest);
    if (!start || !rest.starts_with('-')) return malformed();
    rest.remove_prefix(1);
    ByteSize end{~std::uint64_t{0}};
    if (!rest.starts_with(':')) {
      auto given = take_size(rest);
      if (!given || *given <= *start) return malformed();
      end = *given;
    }
    if (!rest.starts_with(':')) return malformed();
    rest.remove_prefix(1);
    auto size = take_size(rest);
    if (!size) return malformed();
    if (*size >= total) {
      request.form = "range";
      request.range = "too_big";
      return;
    }
    if (*start <= total && total < end) {
      request.size = size;
      break;
    }
    if (!rest.starts_with(',')) break;
    rest.remove_prefix(1);
  }
  request.range = request.size && request.size->bytes > 0 ? "matched" : "unmatched";
  request.form = request.range == "matched" ? "plain" : "range";
  auto at = text.find('@');
  if (request.range != "matched" || at == std::string_view::npos) return;
  auto behind = text.substr(at + 1);
  request.base = take_size(behind);
  request.form = request.base ? "at" : "invalid";
  if (!request.base) request.flaw = "range";
}

/// "256M", "256M@0x60000000", "auto", "256M,foo" (parse_crashkernel_simple).
void read_simple(std::string_view text, CrashkernelRequest& request) {
  auto rest = text;
  auto size = take_size(rest);
  auto invalid = [&](std::string flaw) {
    request.form = "invalid";
    request.flaw = std::move(flaw);
  };
  if (!size) return invalid("no_number");
  if (rest.starts_with('@')) {
    rest.remove_prefix(1);
    request.base = take_size(rest);
    if (!request.base) return invalid("suffix");
  }
  if (!rest.empty() && rest[0] != ' ') return invalid("suffix");
  request.size = size;
  request.form = size->bytes == 0 ? "zero" : request.base ? "at" : "plain";
}
} // namespace

std::optional<ByteSize> take_size(std::string_view& text) {
  bool hex = text.starts_with("0x") || text.starts_with("0X");
  auto digits = text.find_first_not_of(hex ? "0123456789abcdefABCDEF" : "0123456789", hex ? 2 : 0);
  if (digits == std::string_view::npos) digits = text.size();
  if (digits == (hex ? 2 : 0)) return std::nullopt;
  auto end = digits < text.size() && std::string_view("KMGTPEkmgtpe").find(text[digits]) != std::string_view::npos
                 ? digits + 1
                 : digits;
  // "0x1E" is all digits, "1E" is an exbibyte: the digit set above has already decided.
  auto size = parse_byte_size(text.substr(0, end));
  if (!size) return std::nullopt;
  text.remove_prefix(end);
  return size;
}

CrashkernelRequest read_crashkernel(const std::vector<std::string>& words, ByteSize ram) {
  CrashkernelRequest request;
  std::optional<std::string> plain;
  std::optional<std::string> high;
  std::optional<std::string> low;
  bool cma = false;
  for (const auto& word : words) {
    if (word.ends_with(",high")) {
      high = word;
    } else if (word.ends_with(",low")) {
      low = word;
    } else if (word.ends_with(",cma")) {
      cma = true;
      request.cma_is_last = true;
    } else {
      plain = word;
      request.cma_is_last = false;
    }
  }
  auto size_of = [](const std::optional<std::string>& word) -> std::optional<ByteSize> {
    if (!word) return std::nullopt;
    std::string_view text = *word;
    return take_size(text);
  };
  request.low = size_of(low);
  if (plain) {
    if (plain->find(':') != std::string::npos) {
      read_ranges(*plain, ram, request);
    } else {
      read_simple(*plain, request);
    }
    if (request.form == "plain" && high) request.form = "plain+high";
    if (request.form == "plain" && cma) request.form = "plain+cma";
  } else if (high) {
    request.size = size_of(high);
    request.form = !request.size ? "invalid" : low ? "high+low" : "high";
    if (!request.size) request.flaw = "no_number";
  } else if (low) {
    request.form = "low_only";
  } else if (cma) {
    request.form = "cma";
  }
  return request;
}

} // namespace kdt::matrix

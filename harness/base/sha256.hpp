#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace kdt {

/// A running SHA-256 (libcrypto).
class Sha256 {
public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  /// Raw bytes, with no separator: use add_field for a list of values.
  void add(std::string_view bytes);
  /// A value with its length before it, so that ("ab","c") and ("a","bc") differ.
  void add_field(std::string_view bytes);
  /// 64 hexadecimal digits; the object is spent.
  std::string hex();

private:
  struct State;
  std::unique_ptr<State> state_;
};

/// 64 hexadecimal digits.
std::string sha256(std::string_view bytes);
/// The same in base64, as a Content-Security-Policy names a script.
std::string sha256_base64(std::string_view bytes);
/// Of a file's content; throws Error{infra}.
std::string sha256_file(const std::filesystem::path& path);

} // namespace kdt

#include "base/sha256.hpp"

#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include <openssl/evp.h>

#include <fcntl.h>

namespace kdt {

struct Sha256::State {
  CHandle<EVP_MD_CTX, EVP_MD_CTX_free> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  KDT_ASSERT(state_->context != nullptr);
  KDT_ASSERT(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) {
  KDT_ASSERT(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

void Sha256::add_field(std::string_view bytes) {
  add(fmt::format("{}:", bytes.size()));
  add(bytes);
}

std::string Sha256::hex() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  KDT_ASSERT(EVP_DigestFinal_ex(state_->context.get(), digest, &length) == 1);
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hex();
}

std::string sha256_base64(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  KDT_ASSERT(EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr) == 1);
  std::string text(4 * ((length + 2) / 3) + 1, '\0'); // EVP_EncodeBlock() ends it with a zero byte
  auto letters = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest, static_cast<int>(length));
  text.resize(static_cast<std::size_t>(letters));
  return text;
}

std::string sha256_file(const std::filesystem::path& path) {
  auto fd = open_file(path, O_RDONLY);
  Sha256 hash;
  std::string buffer(1 << 18, '\0');
  for (;;) {
    ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(Blame::infra, "{}: cannot read: {}", path.string(), errno_text(errno));
    if (n == 0) return hash.hex();
    hash.add({buffer.data(), static_cast<std::size_t>(n)});
  }
}

} // namespace kdt

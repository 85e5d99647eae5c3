#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "run/parcel.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kdt::run {
namespace {

using ::testing::HasSubstr;

/// An archive as somebody else may make it.
class Forger {
public:
  explicit Forger(const fs::path& file, bool zstd = true) : writer_(archive_write_new()) {
    archive_write_set_format_pax_restricted(writer_.get());
    if (zstd) archive_write_add_filter_zstd(writer_.get());
    EXPECT_EQ(archive_write_open_filename(writer_.get(), file.c_str()), ARCHIVE_OK);
  }
  ~Forger() { archive_write_close(writer_.get()); }
  void add(const std::string& name, const std::string& text, unsigned type = AE_IFREG, const char* link = nullptr,
           bool hard = false) {
    CHandle<archive_entry, archive_entry_free> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_mode(entry.get(), static_cast<mode_t>(type | 0644));
    archive_entry_set_size(entry.get(), static_cast<std::int64_t>(text.size()));
    if (link != nullptr && hard) archive_entry_set_hardlink(entry.get(), link);
    if (link != nullptr && !hard) archive_entry_set_symlink(entry.get(), link);
    archive_write_header(writer_.get(), entry.get());
    if (!text.empty()) archive_write_data(writer_.get(), text.data(), text.size());
  }

private:
  CHandle<archive, archive_write_free> writer_;
};

class Parcel : public ::testing::Test {
protected:
  /// A list of these files, as if their contents were these.
  static std::string list(const std::map<std::string, std::string>& files) {
    nlohmann::json json{{"schema", 1}, {"files", nlohmann::json::object()}};
    for (const auto& [name, text] : files) json["files"][name] = {{"bytes", text.size()}, {"sha256", sha256(text)}};
    return json.dump();
  }
  std::string refusal(const ParcelLimits& limits = {}) {
    auto target = directory_.path() / "target";
    std::string words = "unpacked";
    try {
      unpack_parcel(file_, target, limits);
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage) << error.what();
      words = error.what();
    }
    fs::remove_all(target);
    EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), fs::exists(file_) ? 1 : 0)
        << "nothing was written outside";
    return words;
  }

  TempDir directory_{"kdt-test"};
  fs::path file_ = directory_.path() / "b.tar.zst";
};

TEST_F(Parcel, IsUnpackedAsItWasPacked) {
  TempDir from("kdt-test");
  std::string large(3'000'000, 'x');
  write_file(from.path() / "one", "1");
  write_file(from.path() / "large", large);
  write_file(from.path() / "empty", "");
  pack_parcel(file_, {{"a", from.path() / "one"}, {"d/b", from.path() / "large"}, {"e", from.path() / "empty"}},
              {{"cell", "x"}});
  auto target = directory_.path() / "target";
  unpack_parcel(file_, target);
  EXPECT_EQ(read_file(target / "a"), "1");
  EXPECT_EQ(read_file(target / "d/b"), large);
  EXPECT_EQ(read_file(target / "e"), "");
  EXPECT_EQ(nlohmann::json::parse(read_file(target / k_parcel_list))["cell"], "x");
}

TEST_F(Parcel, NamesThatLeadElsewhereAreRefused) {
  for (const char* name : {"../x", "/x", "a/../../x", "a/./x", "a//x", "a/", ".", "a b", "a\\b", "a\nb", "~/x$"}) {
    EXPECT_FALSE(is_parcel_name(name)) << name;
    {
      Forger forger(file_);
      forger.add(k_parcel_list, list({{"a", "1"}}));
      forger.add(name, "1");
    }
    EXPECT_THAT(refusal(), HasSubstr("it holds the name")) << name;
    {
      Forger forger(file_);
      forger.add(k_parcel_list, list({{name, "1"}}));
      forger.add(name, "1");
    }
    EXPECT_THAT(refusal(), HasSubstr("it lists")) << name;
  }
  EXPECT_TRUE(is_parcel_name("cells/kernel=v6.1_rodata=full,a@b+c/vmcore-dmesg.txt"));
}

TEST_F(Parcel, NothingButPlainFilesIsTaken) {
  struct Case {
    unsigned type;
    const char* link;
    bool hard;
  };
  for (const auto& [type, link, hard] :
       {Case{AE_IFLNK, "/etc/passwd", false}, Case{AE_IFREG, "/etc/passwd", true}, Case{AE_IFREG, "a", true},
        Case{AE_IFDIR, nullptr, false}, Case{AE_IFIFO, nullptr, false}, Case{AE_IFCHR, nullptr, false}}) {
    {
      Forger forger(file_);
      forger.add(k_parcel_list, list({{"a", ""}, {"b", ""}}));
      forger.add("a", "");
      forger.add("b", "", type, link, hard);
    }
    EXPECT_THAT(refusal(), ::testing::AnyOf(HasSubstr("is no plain file"), HasSubstr("it holds the name"))) << type;
  }
}

TEST_F(Parcel, WhatItDoesNotListOrListsWronglyIsRefused) {
  auto forge = [&](const std::string& about, const std::vector<std::pair<std::string, std::string>>& files) {
    {
      Forger forger(file_);
      forger.add(k_parcel_list, about);
      for (const auto& [name, text] : files) forger.add(name, text);
    }
    return refusal();
  };
  auto good = list({{"a", "1"}});
  EXPECT_EQ(forge(good, {{"a", "1"}}), "unpacked");
  EXPECT_THAT(forge(good, {}), HasSubstr("'a' is missing"));
  EXPECT_THAT(forge(good, {{"a", "1"}, {"b", "2"}}), HasSubstr("'b' is not in its list"));
  EXPECT_THAT(forge(good, {{"a", "1"}, {"a", "1"}}), HasSubstr("'a' is not in its list"));
  EXPECT_THAT(forge(good, {{"a", "2"}}), HasSubstr("it was damaged"));
  EXPECT_THAT(forge(good, {{"a", "12"}}), HasSubstr("longer than listed"));
  EXPECT_THAT(forge(good, {{"a", ""}}), HasSubstr("shorter than listed"));
  EXPECT_THAT(forge("{}", {}), HasSubstr("is no bundle of kdt's"));
  EXPECT_THAT(forge("[", {}), HasSubstr("is no bundle of kdt's"));
  EXPECT_THAT(forge(R"({"schema": 2, "files": {}})", {}), HasSubstr("its schema is 2"));
  EXPECT_THAT(forge(R"({"schema": 1, "files": {"a": {"bytes": -1, "sha256": ""}}})", {}), HasSubstr("would take more"));
}

TEST_F(Parcel, WhatWouldFillTheDiskIsRefusedBeforeItIsUnpacked) {
  auto forge = [&](const std::map<std::string, std::string>& files) {
    Forger forger(file_);
    forger.add(k_parcel_list, list(files));
    for (const auto& [name, text] : files) forger.add(name, text);
  };
  std::string kib(1024, 'x');
  forge({{"a", kib}, {"b", kib}, {"c", kib}});
  EXPECT_EQ(refusal(), "unpacked");
  EXPECT_THAT(refusal({.files = 2}), HasSubstr("would take more than 2 files"));
  EXPECT_THAT(refusal({.file = {1000}}), HasSubstr("would take more"));
  EXPECT_THAT(refusal({.total = {3000}}), HasSubstr("would take more"));
  {
    Forger forger(file_);
    forger.add(k_parcel_list, R"({"schema": 1, "files": {"a": {"bytes": 18446744073709551615, "sha256": ""},
                                                         "b": {"bytes": 18446744073709551615, "sha256": ""}}})");
  }
  EXPECT_THAT(refusal(), HasSubstr("would take more"));
}

TEST_F(Parcel, AFileThatIsNoneOrIsCutIsRefused) {
  for (const char* text : {"", "not an archive", "\x28\xb5\x2f\xfd garbage"}) {
    write_file(file_, text);
    EXPECT_THAT(refusal(), HasSubstr("is no bundle of kdt's"));
  }
  {
    Forger forger(file_);
    forger.add("first", "1");
  }
  EXPECT_THAT(refusal(), HasSubstr("does not begin with bundle.json"));
  TempDir from("kdt-test");
  std::string noise;
  for (unsigned i = 0; i < 100'000; ++i) noise += sha256(std::to_string(i)).substr(0, 1);
  write_file(from.path() / "noise", noise);
  pack_parcel(file_, {{"a", from.path() / "noise"}}, {});
  auto whole = read_file(file_);
  for (auto size : {whole.size() / 4, whole.size() / 2, whole.size() - 100}) {
    write_file(file_, std::string_view(whole).substr(0, size));
    EXPECT_THAT(refusal(), HasSubstr("is no bundle of kdt's"));
  }
}

} // namespace
} // namespace kdt::run

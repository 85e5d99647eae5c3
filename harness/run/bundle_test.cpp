#include "base/error.hpp"
#include "base/file.hpp"
#include "matrix/expand.hpp"
#include "model/json.hpp"
#include "run/bundle.hpp"
#include "run/parcel.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace kdt::run {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Bundle : public ::testing::Test {
protected:
  Bundle() {
    make_directories(cell_ / "post-mortem");
    for (const char* name : {"Image", "initramfs.cpio", "vmlinux", "arm64.yaml", "linux.yaml"})
      write_file(place_ / name, std::string("the ") + name);
    for (const char* name : {"console.log", "repro.sh", "vmcore", "post-mortem/summary.txt"})
      write_file(cell_ / name, name);
    result_.cell.id = "kernel=k/rodata=full";
    result_.cell.slug = matrix::slug_of(result_.cell.id);
    result_.cell.parameters.kernel = "k";
    result_.cell.parameters.crashkernel = "256M";
    recipe_.kernel.name = "k";
    recipe_.kernel.release = "6.1";
    recipe_.kernel.image = place_ / "Image";
    recipe_.kernel.initramfs = place_ / "initramfs.cpio";
    recipe_.kernel.vmlinux = place_ / "vmlinux";
    recipe_.rules = {.expectations = {place_ / "arm64.yaml"}, .known_issues = {}, .triggers = place_ / "linux.yaml"};
    recipe_.kernel_options = {"--kernel", "k=../linux"};
    save();
  }
  void save() const {
    auto json = to_json(result_);
    json["id"] = result_.cell.id; // kdt itself writes none but printable ones
    write_file(cell_ / "cell.json", json.dump());
    write_file(cell_ / k_recipe_file, recipe_json(recipe_));
  }
  void pack(const BundleOptions& options = {}) const { write_bundle(cell_, recipe_.kernel, options, file_); }
  std::string refusal() const {
    auto target = directory_.path() / "hostile";
    try {
      unpack_bundle(file_, target);
    } catch (const Error& error) {
      EXPECT_EQ(error.blame(), Blame::usage);
      fs::remove_all(target);
      return error.what();
    }
    return "unpacked";
  }
  /// Packs what somebody else may have made of it.
  void pack_bent(const std::function<void(nlohmann::ordered_json& recipe)>& bend) {
    pack();
    auto good = directory_.path() / "good";
    unpack_bundle(file_, good);
    auto recipe = nlohmann::ordered_json::parse(read_file(good / k_recipe_file));
    bend(recipe);
    write_file(good / k_recipe_file, recipe.dump());
    ParcelFiles files;
    for (const auto& entry : fs::recursive_directory_iterator(good))
      if (entry.is_regular_file() && entry.path().filename() != k_parcel_list)
        files[entry.path().lexically_relative(good).string()] = entry.path();
    pack_parcel(file_, files, {});
    fs::remove_all(good);
  }

  TempDir directory_{"kdt-test"};
  fs::path place_ = directory_.path();
  fs::path cell_ = directory_.path() / "cell";
  fs::path file_ = directory_.path() / "b.tar.zst";
  CellResult result_;
  Recipe recipe_;
};

TEST_F(Bundle, IsACellsDirectoryWithEverythingInIt) {
  pack();
  auto target = directory_.path() / "there";
  unpack_bundle(file_, target);
  EXPECT_EQ(read_cell(target).cell.id, result_.cell.id);
  auto recipe = read_recipe(target);
  EXPECT_EQ(recipe.kernel.image, target / "images/Image");
  EXPECT_EQ(read_file(recipe.kernel.image), "the Image");
  EXPECT_EQ(read_file(recipe.kernel.vmlinux), "the vmlinux");
  EXPECT_EQ(recipe.kernel.config, "");
  EXPECT_EQ(read_file(recipe.rules.expectations.at(0)), "the arm64.yaml");
  EXPECT_EQ(read_file(recipe.rules.triggers), "the linux.yaml");
  EXPECT_TRUE(recipe.kernel_options.empty()) << "paths of another host mean nothing here";
  EXPECT_EQ(read_file(target / "console.log"), "console.log");
  EXPECT_EQ(read_file(target / "post-mortem/summary.txt"), "post-mortem/summary.txt");
  EXPECT_FALSE(fs::exists(target / "vmcore"));
}

TEST_F(Bundle, HoldsDumpsOnlyWhenAsked) {
  pack({.vmlinux = false, .vmcore = true});
  auto target = directory_.path() / "there";
  unpack_bundle(file_, target);
  EXPECT_TRUE(fs::exists(target / "vmcore"));
  EXPECT_EQ(read_recipe(target).kernel.vmlinux, "");
  EXPECT_FALSE(fs::exists(target / "images/vmlinux"));
}

TEST_F(Bundle, OfABundleIsTheSameAgain) {
  pack();
  auto first = directory_.path() / "first";
  unpack_bundle(file_, first);
  write_bundle(first, read_recipe(first).kernel, {}, file_);
  auto second = directory_.path() / "second";
  unpack_bundle(file_, second);
  EXPECT_EQ(read_file(second / k_recipe_file), read_file(first / k_recipe_file));
}

TEST_F(Bundle, CannotBeMadeWithoutItsKernel) {
  fs::remove(recipe_.kernel.image);
  EXPECT_THROW(pack(), Error);
}

TEST_F(Bundle, MayNotNameWhatLiesOutsideOfIt) {
  for (const char* path :
       {"/etc/passwd", "../../../../../../../etc/passwd", "images/../../Image", "images/none", "."}) {
    for (const char* member : {"image", "initramfs", "config", "vmlinux"}) {
      pack_bent([&](auto& recipe) { recipe["kernel"][member] = path; });
      EXPECT_THAT(refusal(), HasSubstr("which is not in it")) << member << " " << path;
    }
    pack_bent([&](auto& recipe) { recipe["rules"]["expectations"] = {path}; });
    EXPECT_THAT(refusal(), HasSubstr("which is not in it"));
  }
  pack_bent([&](auto& recipe) { recipe["kernel"]["image"] = ""; });
  EXPECT_THAT(refusal(), HasSubstr("lacks a kernel"));
}

TEST_F(Bundle, MayNotHoldACellThatNoMatrixCould) {
  auto bent = [&](const std::function<void(CellParameters&)>& bend) {
    auto good = result_;
    bend(result_.cell.parameters);
    save();
    pack();
    result_ = good;
    return refusal();
  };
  EXPECT_THAT(bent([](auto& p) { p.cpu = "max -serial file:/x"; }), HasSubstr("cpu that no matrix"));
  EXPECT_THAT(bent([](auto& p) { p.trigger = "../x"; }), HasSubstr("trigger that no matrix"));
  EXPECT_THAT(bent([](auto& p) { p.cpus = 100000; }), HasSubstr("cpus that no matrix"));
  auto slug = std::exchange(result_.cell.slug, "../../x");
  save();
  pack();
  EXPECT_THAT(refusal(), HasSubstr("calls its directory"));
  result_.cell.slug = slug;
  for (const char* id : {"kernel=k/rodata=\x1b[2J", "kernel=k\n/rodata=full", "kernel=\u202ek/rodata=full"}) {
    result_.cell.id = id;
    result_.cell.slug = matrix::slug_of(id);
    save();
    pack();
    EXPECT_THAT(refusal(), HasSubstr("has control characters in its id")) << id;
    EXPECT_THAT(refusal(), Not(HasSubstr("\x1b")));
  }
}

} // namespace
} // namespace kdt::run

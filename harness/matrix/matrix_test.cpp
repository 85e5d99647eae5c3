#include "base/file.hpp"
#include "base/text.hpp"
#include "matrix/expand.hpp"
#include "matrix/known_issues.hpp"
#include "matrix/matrix.hpp"
#include "matrix/rules.hpp"

#include <gtest/gtest.h>

namespace kdt::matrix {

namespace {
/// What the program says of a bad file: matrices are expanded, rules-* and issues-* are read as what they are.
std::string complaint(const fs::path& path) {
  auto stem = path.stem().string();
  try {
    if (stem.starts_with("rules-")) {
      load_expectations(path);
    } else if (stem.starts_with("issues-")) {
      load_known_issues(std::span(&path, 1));
    } else {
      for (const auto& file : matrix_files(path)) expand(load_matrix(file, {"v6.1-dma", "v6.1-nodma"}));
    }
  } catch (const Error& error) {
    EXPECT_EQ(error.blame(), Blame::usage) << path;
    std::string text = error.what();
    auto directory = path.parent_path().string() + "/";
    for (auto at = text.find(directory); at != std::string::npos; at = text.find(directory))
      text.erase(at, directory.size());
    return text;
  }
  return "accepted";
}

Matrix parse(const std::string& text) {
  TempDir directory("kdt-matrix");
  write_file(directory.path() / "m.yaml", text);
  return load_matrix(directory.path() / "m.yaml", {});
}
} // namespace

TEST(BadFiles, EachSaysWhereAndWhat) {
  int seen = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(KDT_TESTDATA) / "bad")) {
    if (entry.path().extension() != ".yaml") continue;
    auto wanted = entry.path();
    wanted.replace_extension(".error");
    EXPECT_EQ(complaint(entry.path()), trim(read_file(wanted))) << entry.path();
    ++seen;
  }
  EXPECT_GT(seen, 40);
}

TEST(LoadMatrix, ReadsEveryKey) {
  auto matrix =
      parse("name: arm64\ndescription: text\nkernels: [a, b]\n"
            "defaults: {cpus: 4, crashkernel: [\"512M,high\", \"64M,low\"], dump: {filter: 1, compression: zstd}}\n"
            "axes: {kernel: [a, b], memory: [1G, 2G], rodata: [on, off, unset], dump.format: [copy, elf]}\n"
            "exclude: [{memory: 1024M, rodata: [on, off]}]\n"
            "include: [{kernel: a, memory: 4G}]\ncover: pairwise\n");
  EXPECT_EQ(matrix.name, "arm64");
  EXPECT_EQ(matrix.kernels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(matrix.defaults.cpus, 4U);
  EXPECT_EQ(matrix.defaults.crashkernel, "512M,high 64M,low");
  EXPECT_EQ(matrix.defaults.dump.filter, 1);
  ASSERT_EQ(matrix.axes.size(), 4U);
  EXPECT_EQ(matrix.axes[3].parameter->name, "dump.format");
  EXPECT_EQ(matrix.exclude[0].conditions[0].any_of, (std::vector<std::string>{"1G"}));
  EXPECT_EQ(matrix.include.size(), 1U);
  EXPECT_EQ(matrix.cover, Cover::pairwise);
}

TEST(MatrixFiles, AFileStandsForItselfOrForThoseItNames) {
  TempDir directory("kdt-matrix");
  auto path = [&](const char* name) { return directory.path() / name; };
  write_file(path("a.yaml"), "kernels: [a]\naxes: {memory: [1G]}\n");
  write_file(path("b.yaml"), "kernels: [a]\naxes: {memory: [2G]}\n");
  write_file(path("both.yaml"), "matrices: [b.yaml, a.yaml]\n");
  EXPECT_EQ(matrix_files(path("a.yaml")), std::vector{path("a.yaml")});
  EXPECT_EQ(matrix_files(path("both.yaml")), (std::vector{path("b.yaml"), path("a.yaml")}));
}

TEST(LoadMatrix, OneKernelNeedsNoAxisAndTheAxisNamesTheKernels) {
  EXPECT_EQ(parse("kernels: [a]\naxes: {memory: [1G]}\n").defaults.kernel, "a");
  EXPECT_EQ(parse("axes: {kernel: [a, b]}\n").kernels, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse("axes: {kernel: [a, b]}\n").name, "m");
}

} // namespace kdt::matrix

// kdt-gtest as GoogleTest's users start it: listing, filters, sharding, XML, ctest.

#include "base/process.hpp"
#include "e2e/program.hpp"
#include "e2e/run_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pugixml.hpp>

namespace kdt::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Cells that no host holds: each is a skip, and no guest starts.
constexpr const char* k_too_large = "name: too-large\n"
                                    "kernels: [v6.1-dma]\n"
                                    "defaults: {kernel: v6.1-dma, crashkernel: 256M}\n"
                                    "axes: {memory: [8T, 9T, 10T]}\n";

class Gtest : public ::testing::Test {
protected:
  Finished start(std::vector<std::string> argv, std::map<std::string, std::string> environment = {},
                 const fs::path& directory = {}) {
    environment.merge(std::map<std::string, std::string>{{"KDT_ROOT", KDT_SOURCE_DIR},
                                                         {"TMPDIR", place_.tmp().string()},
                                                         {k_place_variable, place_.path().string()},
                                                         {"KDT_HISTORY", (place_.path() / "history").string()}});
    return run_program({.argv = std::move(argv),
                        .environment = std::move(environment),
                        .directory = directory.empty() ? place_.path() : directory},
                       Deadline::after(k_run_budget));
  }
  Finished gtest(std::vector<std::string> arguments, const std::map<std::string, std::string>& environment = {}) {
    arguments.insert(arguments.begin(), KDT_GTEST_PROGRAM);
    return start(std::move(arguments), environment);
  }
  Place place_;
};

TEST_F(Gtest, ACellPassesWithItsPropertiesAndARunDirectory) {
  auto matrix = place_.write("one.yaml", "name: one\nkernels: [v6.1-dma]\n"
                                         "defaults: {memory: 1G, crashkernel: 256M, kernel: v6.1-dma}\n"
                                         "axes: {rodata: [full, on]}\n");
  auto done = gtest({matrix.string(), "--gtest_filter=one.*=on", "--gtest_output=xml:cells.xml", "--out", "run"});
  EXPECT_EQ(done.status.code, 0) << done.out << done.err;
  EXPECT_THAT(done.out, HasSubstr("[       OK ] one.rodata=on"));
  EXPECT_THAT(done.out, Not(HasSubstr("rodata=full")));
  pugi::xml_document xml;
  ASSERT_TRUE(xml.load_file((place_.path() / "cells.xml").c_str()));
  auto test = xml.select_node("//testcase[@name='rodata=on']").node();
  EXPECT_STREQ(test.attribute("classname").value(), "one");
  EXPECT_STREQ(test.select_node(".//property[@name='verdict']").node().attribute("value").value(), "pass");
  EXPECT_EQ(read_run(place_.path() / "run").cells.size(), 1U);
  EXPECT_TRUE(fs::exists(place_.path() / "run/report.html"));
}

TEST_F(Gtest, ACellRunsInADomainOfLibvirts) {
  auto matrix = place_.write("one.yaml", "name: one\nkernels: [v6.1-dma]\n"
                                         "defaults: {memory: 1G, crashkernel: 256M, kernel: v6.1-dma}\n"
                                         "axes: {rodata: [full]}\n");
  auto done = gtest({matrix.string(), "--backend", "libvirt", "--out", "run"});
  EXPECT_EQ(done.status.code, 0) << done.out << done.err;
  auto run = read_run(place_.path() / "run");
  ASSERT_EQ(run.cells.size(), 1U);
  EXPECT_EQ(run.cells[0].verdict, Verdict::pass) << findings_text(run);
  EXPECT_EQ(run.cells[0].backend, "libvirt");
  EXPECT_THAT(place_.processes(), IsEmpty());
  EXPECT_THAT(files_below(place_.tmp()), IsEmpty());
}

TEST_F(Gtest, ShardsOfGoogleTestShareTheCellsOut) {
  auto matrix = place_.write("large.yaml", k_too_large).string();
  auto listed = gtest({matrix, "--gtest_list_tests"});
  EXPECT_THAT(listed.out, HasSubstr("large.\n  memory=8T\n  memory=9T\n  memory=10T\n"));
  EXPECT_FALSE(fs::exists(place_.path() / "runs")) << "who lists runs nothing";
  std::size_t skipped = 0;
  for (const char* index : {"0", "1"}) {
    auto part = gtest({matrix, "--out", std::string("run") + index},
                      {{"GTEST_TOTAL_SHARDS", "2"}, {"GTEST_SHARD_INDEX", index}});
    EXPECT_EQ(part.status.code, 0) << part.err;
    skipped += read_run(place_.path() / (std::string("run") + index)).cells.size();
  }
  EXPECT_EQ(skipped, 3U);
}

TEST_F(Gtest, CtestFindsEachCell) {
  place_.write("large.yaml", k_too_large);
  // As docs/googletest.md has it.
  place_.write("CMakeLists.txt",
               "cmake_minimum_required(VERSION 3.25)\n"
               "project(cells NONE)\n"
               "include(GoogleTest)\n"
               "enable_testing()\n"
               "file(WRITE ${CMAKE_BINARY_DIR}/cells \"#!/bin/sh\\nexec " KDT_GTEST_PROGRAM
               " ${CMAKE_SOURCE_DIR}/large.yaml \\\"$@\\\"\\n\")\n"
               "file(CHMOD ${CMAKE_BINARY_DIR}/cells PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)\n"
               "add_executable(cells IMPORTED)\n"
               "set_target_properties(cells PROPERTIES IMPORTED_LOCATION ${CMAKE_BINARY_DIR}/cells)\n"
               "gtest_discover_tests(cells DISCOVERY_MODE PRE_TEST PROPERTIES SKIP_REGULAR_EXPRESSION \"SKIPPED\")\n");
  auto configured = start({"cmake", "-S", ".", "-B", "b"});
  ASSERT_TRUE(configured.status.success()) << configured.err;
  auto done = start({"ctest", "-j2"}, {}, place_.path() / "b");
  EXPECT_TRUE(done.status.success()) << done.out << done.err;
  EXPECT_THAT(done.out, HasSubstr("large.memory=10T"));
  EXPECT_THAT(done.out, HasSubstr("Skipped"));
}

TEST_F(Gtest, WhatIsWrongIsASentence) {
  auto matrix = place_.write("large.yaml", k_too_large).string();
  auto wrong = gtest({matrix, "--onyl", "memory=8T"});
  EXPECT_EQ(wrong.status.code, 2);
  EXPECT_EQ(wrong.err, "kdt-gtest: there is no option --onyl (did you mean '--only'?); see kdt-gtest --help\n");
  auto nowhere = gtest({matrix, "--connect", "xen:///"});
  EXPECT_EQ(nowhere.status.code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("kdt-gtest: --connect xen:///: the guests need libvirt's QEMU driver"));
  EXPECT_THAT(gtest({"--help"}).out, HasSubstr("--gtest_filter"));
}

} // namespace
} // namespace kdt::e2e

#pragma once

#include "report/html.hpp"

#include <gtest/gtest.h>

#include <string>

namespace kdt::testing {
class Browser;
}

namespace kdt::report {

/// For tests: the events of each cell, with words that a hostile guest might print.
extern const char* const k_console;

/// report.html in a headless Chromium; skipped where none is installed. One browser for all tests: starting it is what
/// takes time. Defined in page_test.cpp.
class Page : public ::testing::Test {
protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void SetUp() override;
  /// However a test used the page, the browser must have had nothing to complain of.
  void TearDown() override;

  /// A report of this run, each cell with k_console.
  void open(const RunResult& run, const std::string& fragment = "", PageOptions options = {});
  static std::string text(const std::string& selector);
  static int count(const std::string& selector);
  static void click(const std::string& selector);
  static void choose(const std::string& selector, const std::string& value);
  /// The page of a cell is there one turn of the event loop after its link was followed.
  static void follow(const std::string& selector);
  static void go_to(const std::string& slug);
  /// Opens whatever can be opened, and what is inside of it.
  static void unfold_all();

  TempDir directory_{"kdt-page"};
  static inline kdt::testing::Browser* browser_ = nullptr;
  static inline std::string why_not_ = "Chromium is not installed (package chromium)";
};

} // namespace kdt::report

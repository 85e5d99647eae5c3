#include "googletest/cell_tests.hpp"

#include "base/error.hpp"
#include "report/cell_text.hpp"

#include <gtest/gtest.h>

namespace kdt::googletest {

namespace {

class CellTest final : public ::testing::Test {
public:
  CellTest(const run::PlannedCell& planned, const RunCell& run_cell) : planned_(planned), run_cell_(run_cell) {}

  void TestBody() override {
    try {
      auto result = run_cell_(planned_);
      if (!result) GTEST_SKIP() << "interrupted";
      tell(*result);
    } catch (const Error& error) {
      FAIL() << "not run: " << error.what();
    }
  }

private:
  const run::PlannedCell& planned_;
  const RunCell& run_cell_;
};

/// "fail, blame kernel, phase capture, capture-timeout: …" and then all that was found.
std::string failure_text(const CellResult& result) {
  const auto* finding = cause(result);
  auto text = std::string(to_string(result.verdict));
  if (finding != nullptr)
    text += fmt::format(", blame {}, phase {}, {}", to_string(result.blame.value_or(finding->blame)),
                        to_string(finding->phase), finding->code);
  text += ": " + report::reason(result) + "\n";
  for (const auto& each : result.findings) {
    if (&each != finding) text += fmt::format("{}: {}\n", each.code, report::one_line(each.text));
    for (const auto& line : each.evidence) text += fmt::format("  | {}\n", report::one_line(line));
  }
  return text;
}

} // namespace

void tell(const CellResult& result) {
  ::testing::Test::RecordProperty("cell", report::one_line(result.cell.id));
  ::testing::Test::RecordProperty("verdict", std::string(to_string(result.verdict)));
  if (result.blame) ::testing::Test::RecordProperty("blame", std::string(to_string(*result.blame)));
  if (const auto* finding = cause(result)) ::testing::Test::RecordProperty("finding", finding->code);
  if (result.verdict == Verdict::xfail)
    GTEST_SKIP() << "xfail, " << result.known_issue << ": " << report::reason(result);
  if (result.verdict == Verdict::skip) GTEST_SKIP() << report::reason(result);
  if (!expected(result.verdict)) ADD_FAILURE() << failure_text(result);
}

void register_cells(const std::vector<run::PlannedCell>& cells, const std::vector<TestName>& names,
                    const std::string& file, const RunCell& run_cell) {
  KDT_ASSERT(cells.size() == names.size());
  for (std::size_t i = 0; i < cells.size(); ++i)
    ::testing::RegisterTest(names[i].suite.c_str(), names[i].test.c_str(), nullptr, nullptr, file.c_str(), 1,
                            [&planned = cells[i], &run_cell]() -> ::testing::Test* { // GoogleTest deletes it
                              return new CellTest(planned, run_cell);
                            });
}

} // namespace kdt::googletest

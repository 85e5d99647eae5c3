#pragma once

#include <string>
#include <vector>

namespace kdt::report {

/// A small table for people: some columns of labels, then columns of values.
struct Table {
  struct Row {
    std::string group{};              ///< rows of one group stand together under its name
    std::vector<std::string> cells{}; ///< as many as columns; "" where there is nothing to say
  };
  std::string title{};
  std::string note{}; ///< what the values are, in a sentence or two
  std::vector<std::string> columns{};
  std::size_t labels = 1; ///< the first columns: aligned left; the others are right
  std::vector<Row> rows{};
  std::string foot{}; ///< a line below
};

/// For a terminal: aligned, a line for each group. Ends with a newline.
std::string plain_text(const Table& table);

/// As a Markdown section; the group is a column of its own.
std::string markdown_text(const Table& table, const std::string& group_column);

} // namespace kdt::report

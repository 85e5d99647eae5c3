#include "report/table.hpp"

#include "report/cell_text.hpp"
#include "report/columns.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kdt::report {

namespace {

std::string padded(const std::string& text, std::size_t to, bool left) {
  std::string space(to - std::min(to, width_of(text)), ' ');
  return left ? text + space : space + text;
}

std::string or_dash(const std::string& cell) {
  return cell.empty() ? "-" : one_line(cell);
}

std::string line_of(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths, std::size_t labels) {
  std::string line = " ";
  for (std::size_t i = 0; i < cells.size(); ++i) line += " " + padded(cells[i], widths[i], i < labels) + " ";
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

} // namespace

std::string plain_text(const Table& table) {
  std::vector<std::size_t> widths;
  for (const auto& column : table.columns) widths.push_back(width_of(column));
  std::vector<std::vector<std::string>> lines;
  for (const auto& row : table.rows) {
    lines.emplace_back();
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      lines.back().push_back(or_dash(row.cells[i]));
      widths[i] = std::max(widths[i], width_of(lines.back().back()));
    }
  }
  auto text = table.title + "\n";
  if (!table.note.empty()) text += table.note + "\n";
  text += line_of(table.columns, widths, table.labels);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == 0 || table.rows[i].group != table.rows[i - 1].group) text += one_line(table.rows[i].group) + "\n";
    text += line_of(lines[i], widths, table.labels);
  }
  if (!table.foot.empty()) text += one_line(table.foot) + "\n";
  return text;
}

std::string markdown_text(const Table& table, const std::string& group_column) {
  auto text = fmt::format("### {}\n\n", table.title);
  if (!table.note.empty()) text += table.note + "\n\n";
  std::string head = "| " + group_column + " |";
  std::string rule = "| --- |";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    head += fmt::format(" {} |", table.columns[i]);
    rule += i < table.labels ? " --- |" : " ---: |";
  }
  text += head + "\n" + rule + "\n";
  for (const auto& row : table.rows) {
    text += fmt::format("| {} |", markdown_literal(row.group));
    for (const auto& cell : row.cells) text += fmt::format(" {} |", markdown_literal(or_dash(cell)));
    text += "\n";
  }
  if (!table.foot.empty()) text += "\n" + markdown_literal(table.foot) + "\n";
  return text;
}

} // namespace kdt::report

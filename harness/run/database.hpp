#pragma once

#include "base/c_handle.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kdt::run {

/// What a question mark of a statement stands for; nullptr is NULL.
using SqlValue = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

/// The row that a query is at. Columns count from 0; NULL reads as "" and 0.
class Row {
public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  std::string text(int column) const;
  double real(int column) const { return ::sqlite3_column_double(statement_, column); }
  std::int64_t integer(int column) const { return ::sqlite3_column_int64(statement_, column); }
  bool is_null(int column) const { return ::sqlite3_column_type(statement_, column) == SQLITE_NULL; }

private:
  sqlite3_stmt* statement_;
};

/// A small SQLite file that any number of kdt processes use at once. Everything throws Error{infra} that names the
/// file. Used by one thread at a time.
class Database {
public:
  /// Opens it, and makes it with its tables when it is not there. version: of the tables, kept in user_version; a file
  /// of another version is refused. tables: statements that change nothing when the tables are there.
  Database(const std::filesystem::path& file, int version, const std::vector<const char*>& tables);

  void run(const std::string& sql, const std::vector<SqlValue>& values = {}) const;
  void each_row(const std::string& sql, const std::vector<SqlValue>& values,
                const std::function<void(const Row&)>& use) const;
  /// All that act() does, or, when it throws, nothing of it.
  void transaction(const std::function<void()>& act) const;
  /// Of the row that was inserted last.
  std::int64_t last_row() const { return ::sqlite3_last_insert_rowid(database_.get()); }

private:
  using Statement = CHandle<sqlite3_stmt, sqlite3_finalize>;
  [[noreturn]] void fail() const;
  void check(int code) const;
  Statement prepare(const std::string& sql, const std::vector<SqlValue>& values) const;

  std::string name_;
  CHandle<sqlite3, sqlite3_close> database_;
};

} // namespace kdt::run

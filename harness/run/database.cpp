#include "run/database.hpp"

#include "base/error.hpp"
#include "base/file.hpp"

namespace kdt::run {

namespace {

constexpr int k_patience_ms = 5000; // for another process's transaction, which takes milliseconds

struct Bind {
  sqlite3_stmt* statement;
  int index;
  int operator()(std::nullptr_t) const { return ::sqlite3_bind_null(statement, index); }
  int operator()(std::int64_t value) const { return ::sqlite3_bind_int64(statement, index, value); }
  int operator()(double value) const { return ::sqlite3_bind_double(statement, index, value); }
  int operator()(const std::string& value) const {
    return ::sqlite3_bind_text(statement, index, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
  }
};

} // namespace

std::string Row::text(int column) const {
  const auto* bytes = ::sqlite3_column_text(statement_, column);
  auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? "" : std::string(reinterpret_cast<const char*>(bytes), size);
}

Database::Database(const fs::path& file, int version, const std::vector<const char*>& tables) : name_(file.string()) {
  make_directories(file.parent_path());
  sqlite3* opened = nullptr;
  int code = ::sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  database_.reset(opened); // to be closed even when it could not be opened
  check(code);
  check(::sqlite3_busy_timeout(database_.get(), k_patience_ms));
  transaction([&] {
    std::int64_t found = 0;
    each_row("PRAGMA user_version", {}, [&](const Row& row) { found = row.integer(0); });
    if (found != 0 && found != version)
      throw Error(Blame::infra, "{}: written by another version of kdt (tables {}, ours {})", name_, found, version);
    for (const char* table : tables) run(table);
    run(fmt::format("PRAGMA user_version = {}", version));
  });
}

void Database::fail() const {
  throw Error(Blame::infra, "{}: {}", name_, ::sqlite3_errmsg(database_.get()));
}

void Database::check(int code) const {
  if (code != SQLITE_OK) fail();
}

Database::Statement Database::prepare(const std::string& sql, const std::vector<SqlValue>& values) const {
  sqlite3_stmt* made = nullptr;
  check(::sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &made, nullptr));
  Statement statement(made);
  for (int i = 0; i < static_cast<int>(values.size()); ++i)
    check(std::visit(Bind{made, i + 1}, values[static_cast<std::size_t>(i)]));
  return statement;
}

void Database::run(const std::string& sql, const std::vector<SqlValue>& values) const {
  each_row(sql, values, [](const Row&) {});
}

void Database::each_row(const std::string& sql, const std::vector<SqlValue>& values,
                        const std::function<void(const Row&)>& use) const {
  auto statement = prepare(sql, values);
  int code = 0;
  while ((code = ::sqlite3_step(statement.get())) == SQLITE_ROW) use(Row(statement.get()));
  if (code != SQLITE_DONE) fail();
}

void Database::transaction(const std::function<void()>& act) const {
  run("BEGIN IMMEDIATE");
  try {
    act();
    run("COMMIT");
  } catch (...) {
    ::sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr); // what went wrong is told already
    throw;
  }
}

} // namespace kdt::run

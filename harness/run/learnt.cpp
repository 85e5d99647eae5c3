#include "run/learnt.hpp"

#include "base/c_handle.hpp"
#include "base/error.hpp"
#include "base/file.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <vector>

namespace kdt::run {

namespace {

constexpr int k_version = 1;        // of the tables, kept in user_version
constexpr int k_kept = 10;          // rows of one class
constexpr int k_rows = 20000;       // of all classes: a few megabytes
constexpr int k_patience_ms = 5000; // for another process's transaction, which takes milliseconds

/// Rows of one class, newest first.
struct Rows {
  std::vector<double> seconds;
  ByteSize most_memory;
};

double median(std::vector<double> values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

using Database = CHandle<sqlite3, sqlite3_close>;
using Statement = CHandle<sqlite3_stmt, sqlite3_finalize>;

} // namespace

struct Learnt::Store {
  explicit Store(const fs::path& file);

  [[noreturn]] void fail() const;
  void check(int code) const;
  void execute(const char* sql) const;
  /// With texts for its first question marks.
  Statement prepare(const char* sql, const std::vector<std::string>& texts) const;
  void run(const Statement& statement) const;
  /// Of the newest rows whose column has this value.
  Rows rows(const char* column, const std::string& value) const;

  std::string name;
  Database database;
};

Learnt::Store::Store(const fs::path& file) : name(file.string()) {
  make_directories(file.parent_path());
  sqlite3* opened = nullptr;
  int code = ::sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  database = Database(opened); // to be closed even when it could not be opened
  check(code);
  check(::sqlite3_busy_timeout(database.get(), k_patience_ms));
  execute("BEGIN IMMEDIATE");
  auto asked = prepare("PRAGMA user_version", {});
  if (::sqlite3_step(asked.get()) != SQLITE_ROW) fail();
  int version = ::sqlite3_column_int(asked.get(), 0);
  asked.reset();
  if (version != 0 && version != k_version)
    throw Error(Blame::infra, "{}: written by another version of kdt (tables {}, ours {})", name, version, k_version);
  execute("CREATE TABLE IF NOT EXISTS measured(cell_class TEXT NOT NULL, size_class TEXT NOT NULL, "
          "seconds REAL NOT NULL, memory INTEGER NOT NULL)");
  execute("CREATE INDEX IF NOT EXISTS by_cell ON measured(cell_class)");
  execute("CREATE INDEX IF NOT EXISTS by_size ON measured(size_class)");
  execute(fmt::format("PRAGMA user_version = {}", k_version).c_str());
  execute("COMMIT");
}

void Learnt::Store::fail() const {
  throw Error(Blame::infra, "{}: {}", name, ::sqlite3_errmsg(database.get()));
}

void Learnt::Store::check(int code) const {
  if (code != SQLITE_OK) fail();
}

void Learnt::Store::execute(const char* sql) const {
  check(::sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr));
}

Statement Learnt::Store::prepare(const char* sql, const std::vector<std::string>& texts) const {
  sqlite3_stmt* made = nullptr;
  check(::sqlite3_prepare_v2(database.get(), sql, -1, &made, nullptr));
  Statement statement(made);
  for (int i = 0; i < static_cast<int>(texts.size()); ++i) {
    const auto& text = texts[static_cast<std::size_t>(i)];
    check(::sqlite3_bind_text(made, i + 1, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT));
  }
  return statement;
}

void Learnt::Store::run(const Statement& statement) const {
  if (::sqlite3_step(statement.get()) != SQLITE_DONE) fail();
}

Rows Learnt::Store::rows(const char* column, const std::string& value) const {
  auto sql =
      fmt::format("SELECT seconds, memory FROM measured WHERE {} = ? ORDER BY rowid DESC LIMIT {}", column, k_kept);
  auto statement = prepare(sql.c_str(), {value});
  Rows rows;
  int code = 0;
  while ((code = ::sqlite3_step(statement.get())) == SQLITE_ROW) {
    rows.seconds.push_back(::sqlite3_column_double(statement.get(), 0));
    auto memory = std::max<std::int64_t>(0, ::sqlite3_column_int64(statement.get(), 1));
    rows.most_memory = std::max(rows.most_memory, ByteSize{static_cast<std::uint64_t>(memory)});
  }
  if (code != SQLITE_DONE) fail();
  return rows;
}

Learnt::Learnt(const fs::path& file, std::function<void(const std::string&)> warn) : warn_(std::move(warn)) {
  if (file.empty()) return;
  tried([&] { store_ = std::make_unique<Store>(file); });
}

Learnt::~Learnt() = default;

void Learnt::tried(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    store_.reset();
    warn_(fmt::format("{}. What earlier runs took is not known or not kept; delete the file if this stays so",
                      error.what()));
  }
}

Need Learnt::better(Need guess, const std::string& cell_class, const std::string& size_class) {
  std::scoped_lock lock(mutex_);
  if (!store_) return guess;
  tried([&] {
    auto own = store_->rows("cell_class", cell_class);
    auto alike = own.seconds.empty() ? store_->rows("size_class", size_class) : own;
    if (alike.seconds.empty()) return;
    guess.seconds = median(alike.seconds);
    ByteSize with_margin{alike.most_memory.bytes + alike.most_memory.bytes / 10 + ByteSize::mib(32).bytes};
    bool known = !own.seconds.empty() && own.most_memory.bytes > 0;
    guess.memory = known ? with_margin : std::max(guess.memory, with_margin);
  });
  return guess;
}

void Learnt::add(const Measured& measured) {
  std::scoped_lock lock(mutex_);
  if (!store_) return;
  tried([&] {
    store_->execute("BEGIN IMMEDIATE");
    auto insert =
        store_->prepare("INSERT INTO measured VALUES(?, ?, ?, ?)", {measured.cell_class, measured.size_class});
    store_->check(::sqlite3_bind_double(insert.get(), 3, measured.seconds));
    store_->check(::sqlite3_bind_int64(insert.get(), 4, static_cast<std::int64_t>(measured.memory.bytes)));
    store_->run(insert);
    auto trim =
        store_->prepare("DELETE FROM measured WHERE cell_class = ?1 AND rowid NOT IN (SELECT rowid FROM measured "
                        "WHERE cell_class = ?1 ORDER BY rowid DESC LIMIT ?2)",
                        {measured.cell_class});
    store_->check(::sqlite3_bind_int(trim.get(), 2, k_kept));
    store_->run(trim);
    store_->execute(
        fmt::format("DELETE FROM measured WHERE rowid <= (SELECT max(rowid) FROM measured) - {}", k_rows).c_str());
    store_->execute("COMMIT");
  });
}

} // namespace kdt::run

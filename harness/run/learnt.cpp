#include "run/learnt.hpp"

#include "base/error.hpp"
#include "base/file.hpp"
#include "run/database.hpp"

#include <algorithm>
#include <vector>

namespace kdt::run {

namespace {

constexpr int k_version = 1;  // of the tables
constexpr int k_kept = 10;    // rows of one class
constexpr int k_rows = 20000; // of all classes: a few megabytes

const std::vector<const char*> k_tables{
    "CREATE TABLE IF NOT EXISTS measured(cell_class TEXT NOT NULL, size_class TEXT NOT NULL, seconds REAL NOT NULL, "
    "memory INTEGER NOT NULL)",
    "CREATE INDEX IF NOT EXISTS by_cell ON measured(cell_class)",
    "CREATE INDEX IF NOT EXISTS by_size ON measured(size_class)"};

/// The newest rows of one class.
struct Rows {
  std::vector<double> seconds;
  ByteSize most_memory;
};

/// Of the rows whose column has this value.
Rows rows_with(const Database& database, const char* column, const std::string& value) {
  Rows rows;
  database.each_row(
      fmt::format("SELECT seconds, memory FROM measured WHERE {} = ? ORDER BY rowid DESC LIMIT {}", column, k_kept),
      {value}, [&](const Row& row) {
        rows.seconds.push_back(row.real(0));
        auto memory = std::max<std::int64_t>(0, row.integer(1));
        rows.most_memory = std::max(rows.most_memory, ByteSize{static_cast<std::uint64_t>(memory)});
      });
  return rows;
}

double median(std::vector<double> values) {
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

} // namespace

Learnt::Learnt(const fs::path& file, std::function<void(const std::string&)> warn) : warn_(std::move(warn)) {
  if (file.empty()) return;
  tried([&] { store_ = std::make_unique<Database>(file, k_version, k_tables); });
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
    auto own = rows_with(*store_, "cell_class", cell_class);
    auto alike = own.seconds.empty() ? rows_with(*store_, "size_class", size_class) : own;
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
    store_->transaction([&] {
      store_->run("INSERT INTO measured VALUES(?, ?, ?, ?)",
                  {measured.cell_class, measured.size_class, measured.seconds,
                   static_cast<std::int64_t>(measured.memory.bytes)});
      store_->run("DELETE FROM measured WHERE cell_class = ?1 AND rowid NOT IN (SELECT rowid FROM measured "
                  "WHERE cell_class = ?1 ORDER BY rowid DESC LIMIT ?2)",
                  {measured.cell_class, std::int64_t{k_kept}});
      store_->run(fmt::format("DELETE FROM measured WHERE rowid <= (SELECT max(rowid) FROM measured) - {}", k_rows));
    });
  });
}

} // namespace kdt::run

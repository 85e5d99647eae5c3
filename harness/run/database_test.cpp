#include "base/error.hpp"
#include "base/file.hpp"
#include "run/database.hpp"

#include <gtest/gtest.h>

namespace kdt::run {

namespace {

class DatabaseTest : public testing::Test {
protected:
  Database open(int version = 1) {
    return Database(file_, version, {"CREATE TABLE IF NOT EXISTS t(word TEXT, number INTEGER, share REAL)"});
  }
  static std::string words(const Database& database) {
    std::string all;
    database.each_row("SELECT word FROM t ORDER BY rowid", {}, [&](const Row& row) { all += row.text(0) + ";"; });
    return all;
  }
  TempDir place_{"kdt-test"};
  fs::path file_ = place_.path() / "sub/d.sqlite";
};

} // namespace

TEST_F(DatabaseTest, KeepsWhatItIsTold) {
  open().run("INSERT INTO t VALUES(?, ?, ?)", {std::string("it's \0 \"q\"", 10), std::int64_t{-7}, 0.25});
  auto database = open();
  database.run("INSERT INTO t VALUES(?, ?, ?)", {nullptr, nullptr, nullptr});
  EXPECT_EQ(database.last_row(), 2);
  int rows = 0;
  database.each_row("SELECT * FROM t ORDER BY rowid", {}, [&](const Row& row) {
    bool first = ++rows == 1;
    EXPECT_EQ(row.text(0), first ? std::string("it's \0 \"q\"", 10) : "");
    EXPECT_EQ(row.integer(1), first ? -7 : 0);
    EXPECT_EQ(row.real(2), first ? 0.25 : 0);
    EXPECT_EQ(row.is_null(0), !first);
  });
  EXPECT_EQ(rows, 2);
}

TEST_F(DatabaseTest, ATransactionThatThrowsLeavesNothing) {
  auto database = open();
  EXPECT_THROW(database.transaction([&] {
    database.run("INSERT INTO t(word) VALUES('a')");
    throw Error(Blame::infra, "no");
  }),
               Error);
  EXPECT_EQ(words(database), "");
  database.transaction([&] { database.run("INSERT INTO t(word) VALUES('b')"); }); // and the next one is none the worse
  EXPECT_EQ(words(database), "b;");
}

TEST_F(DatabaseTest, AnotherVersionIsRefusedByName) {
  open(1).run("INSERT INTO t(word) VALUES('a')");
  try {
    open(2);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.what(), fmt::format("{}: written by another version of kdt (tables 1, ours 2)", file_.string()));
  }
  EXPECT_EQ(words(open(1)), "a;");
}

TEST_F(DatabaseTest, WhatIsNoDatabaseOrNoSqlIsAnError) {
  EXPECT_THROW(open().run("SELECT"), Error);
  write_file(place_.path() / "other", std::string(4096, 'x'));
  EXPECT_THROW(Database(place_.path() / "other", 1, {}), Error);
  EXPECT_THROW(Database(place_.path() / "other" / "below", 1, {}), Error);
}

} // namespace kdt::run

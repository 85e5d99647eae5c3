#include "machine/pool_name.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

namespace kdt::machine {

namespace {

/// A PID that nobody has: of a child that has ended.
int pid_of_nobody() {
  int pid = ::fork();
  if (pid == 0) ::_exit(0);
  ::waitpid(pid, nullptr, 0);
  return pid;
}

} // namespace

TEST(PoolName, TellsWhoMadeThePool) {
  auto self = own_identity();
  EXPECT_EQ(self.pid, ::getpid());
  EXPECT_EQ(pool_owner(pool_name("kdt-20261127-smoke-12-kernel=a@b_rodata=on", self)), self);
}

TEST(PoolName, WhatIsNotOursHasNoOwner) {
  constexpr const char* k_host = "0123456789abcdef";
  EXPECT_TRUE(pool_owner(fmt::format("kdt-run@{}-12-345", k_host)));
  for (const auto& name :
       {std::string(""), std::string("default"), std::string("kdt-run-12-cell"), std::string("kdt-run@lab"),
        fmt::format("images@{}-12-345", k_host), fmt::format("kdt-run@{}-0-345", k_host),
        fmt::format("kdt-run@{}-12", k_host), fmt::format("kdt-run@{}-12-345-6", k_host),
        fmt::format("kdt-run@{}-12-", k_host), fmt::format("kdt-run@{}--345", k_host),
        fmt::format("kdt-run@{}-99999999999-345", k_host), fmt::format("kdt-run@{}0-12-345", k_host),
        fmt::format("kdt-run@{}-12-345 ", k_host), std::string("kdt-run@0123456789ABCDEF-12-345")})
    EXPECT_FALSE(pool_owner(name)) << name;
}

TEST(PoolName, OnlyOfThisBootsOwnProcessesIsKnownThatTheyAreDead) {
  auto self = own_identity();
  EXPECT_FALSE(is_dead(self));
  auto dead = self;
  dead.pid = pid_of_nobody();
  EXPECT_TRUE(is_dead(dead));
  auto earlier = self; // the PID is used again
  earlier.start = "1";
  EXPECT_TRUE(is_dead(earlier));
  auto elsewhere = dead;
  elsewhere.host = "0123456789abcdef";
  EXPECT_FALSE(is_dead(elsewhere));
}

} // namespace kdt::machine

#include "googletest/names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace kdt::googletest {

namespace {

std::string only(std::string text, std::string_view also) {
  auto fits = [&](unsigned char c) { return std::isalnum(c) != 0 || also.find(static_cast<char>(c)) != also.npos; };
  std::ranges::replace_if(
      text, [&](unsigned char c) { return !fits(c); }, '_');
  return text.empty() ? "_" : text;
}

TestName test_name(const std::string& id, const std::string& matrix) {
  auto colon = id.find(':');
  bool prefixed = colon != std::string::npos && id.find('=') > colon; // a value may hold one
  return {.suite = only(prefixed ? id.substr(0, colon) : matrix, "_"),
          .test = only(prefixed ? id.substr(colon + 1) : id, "_=/.,@+")};
}

} // namespace

std::vector<TestName> test_names(const std::vector<std::string>& ids, const std::string& matrix) {
  std::vector<TestName> names;
  std::set<std::pair<std::string, std::string>> taken;
  for (const auto& id : ids) {
    auto name = test_name(id, matrix);
    auto plain = name.test;
    for (int i = 2; !taken.emplace(name.suite, name.test).second; ++i) name.test = fmt::format("{}_{}", plain, i);
    names.push_back(std::move(name));
  }
  return names;
}

} // namespace kdt::googletest

// What nearly every source includes and what is slow to parse. Built once a preset; sources still include what they use.
#pragma once

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

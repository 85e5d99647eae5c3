#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kdt {

/// A fact, an axis value or an observation: what YAML and JSON can say in one scalar, or a list of texts.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

/// Names are dotted words: zone_dma, crashkernel.form, probe.segments.
using Facts = std::map<std::string, Value>;

/// As people read it: true, 42, 0.25, text, [a, b].
std::string to_string(const Value& value);

/// A scalar as YAML 1.2 core reads it: true/false, integers (also 0x…), reals; everything else is text.
/// on and off stay text: they are values of rodata=.
Value value_from_scalar(std::string_view text);

/// nullptr when the name is absent.
const Value* find(const Facts& facts, std::string_view name);

} // namespace kdt

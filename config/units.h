// config/units.h
//
// The measures that the structs of config/ are made of.
//
// Thread safety: values.
#ifndef HEARTH_CONFIG_UNITS_H_
#define HEARTH_CONFIG_UNITS_H_

#include <cstdint>
#include <map>
#include <string>

#include "model/clock.h"

namespace hearth {

// A length of time, written `1m30s`.
struct Duration {
  TimeMs ms = 0;
  friend bool operator==(Duration, Duration) = default;
};

// A size, written `15MB`. 0 = none given.
struct ByteSize {
  int64_t bytes = 0;
  friend bool operator==(ByteSize, ByteSize) = default;
};

using StringMapConfig = std::map<std::string, std::string>;

}  // namespace hearth

#endif  // HEARTH_CONFIG_UNITS_H_

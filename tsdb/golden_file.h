// tsdb/golden_file.h
//
// Reads testdata/format/*.golden: lines of `name = hex`, blanks inside the hex ignored, `#` for
// comments. For tests.
#ifndef HEARTH_TSDB_GOLDEN_FILE_H_
#define HEARTH_TSDB_GOLDEN_FILE_H_

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

#include "absl/strings/escaping.h"

namespace hearth {

// Empty when the file cannot be read.
inline std::map<std::string, std::string> ReadGoldenFile(const std::string& name) {
  std::ifstream file("testdata/format/" + name);
  std::map<std::string, std::string> golden;
  for (std::string line; std::getline(file, line);) {
    const size_t equals = line.find(" = ");
    if (line.starts_with('#') || equals == std::string::npos) continue;
    std::string hex = line.substr(equals + 3);
    hex.erase(std::remove(hex.begin(), hex.end(), ' '), hex.end());
    golden[line.substr(0, equals)] = absl::HexStringToBytes(hex);
  }
  return golden;
}

}  // namespace hearth

#endif  // HEARTH_TSDB_GOLDEN_FILE_H_

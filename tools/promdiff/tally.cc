#include "tools/promdiff/tally.h"

#include "spdlog/fmt/fmt.h"

namespace hearth::promdiff {

void Tally::Register(std::string_view kind, std::string_view name) {
  counts_[std::string(kind)].emplace(name, 0);
}

void Tally::Count(std::string_view kind, std::string_view name) {
  ++counts_[std::string(kind)][std::string(name)];
}

uint64_t Tally::Of(std::string_view kind, std::string_view name) const {
  const auto names = counts_.find(kind);
  if (names == counts_.end()) return 0;
  const auto count = names->second.find(name);
  return count == names->second.end() ? 0 : count->second;
}

void Tally::Add(const Tally& other) {
  for (const auto& [kind, names] : other.counts_) {
    for (const auto& [name, count] : names) counts_[kind][name] += count;
  }
}

std::vector<std::string> Tally::Missing() const {
  std::vector<std::string> missing;
  for (const auto& [kind, names] : counts_) {
    for (const auto& [name, count] : names) {
      if (count == 0) missing.push_back(kind + " " + name);
    }
  }
  return missing;
}

std::string Tally::Table() const {
  std::string table;
  for (const auto& [kind, names] : counts_) {
    table += kind + ":\n";
    int column = 0;
    for (const auto& [name, count] : names) {
      table += fmt::format("  {:<30} {:>7}", name, count);
      if (++column % 3 == 0) table += "\n";
    }
    if (column % 3 != 0) table += "\n";
  }
  return table;
}

}  // namespace hearth::promdiff

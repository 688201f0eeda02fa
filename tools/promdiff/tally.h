// tools/promdiff/tally.h
//
// How often each function, operator, modifier and matcher was generated. What is registered and
// never used fails the run.
//
// Thread safety: none.
#ifndef HEARTH_TOOLS_PROMDIFF_TALLY_H_
#define HEARTH_TOOLS_PROMDIFF_TALLY_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::promdiff {

class Tally {
 public:
  // Makes `name` one of those that must be generated.
  void Register(std::string_view kind, std::string_view name);
  // A name that was not registered is registered by its first use.
  void Count(std::string_view kind, std::string_view name);
  uint64_t Of(std::string_view kind, std::string_view name) const;

  void Add(const Tally& other);
  // `kind name` of all that was never generated.
  std::vector<std::string> Missing() const;
  // One paragraph a kind: `name count` in the order of the names.
  std::string Table() const;

 private:
  std::map<std::string, std::map<std::string, uint64_t, std::less<>>, std::less<>> counts_;
};

}  // namespace hearth::promdiff

#endif  // HEARTH_TOOLS_PROMDIFF_TALLY_H_

// query/exec/dropped_names.h
//
// The names that the range functions of a query take off their series. Prometheus refuses a query
// in which two series become equal that way, also when they have no step in common. So what was
// computed for some steps can be joined with what was computed for others only where all series of
// a function had one name in both.
//
// Thread safety: none; belongs to the query's thread.
#ifndef HEARTH_QUERY_EXEC_DROPPED_NAMES_H_
#define HEARTH_QUERY_EXEC_DROPPED_NAMES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hearth::promql {

class DroppedNames {
 public:
  // The next range function, in the order in which they are prepared.
  void Begin() { functions_.emplace_back(); }
  // One of its series drops `name`: labels in canonical form.
  void Note(std::string_view name) {
    Add({.any = true, .name = std::string(name)}, &functions_.back());
  }

  // Takes in what other steps of the same query have dropped. False when some function has, or may
  // have had, series of several names.
  bool Merge(const DroppedNames& other);
  // Whether each function has dropped one name at most.
  bool distinct() const;
  // What it takes in memory.
  size_t bytes() const;

 private:
  struct Function {
    bool any = false;    // It has series.
    bool mixed = false;  // Of several names.
    std::string name;
  };

  static void Add(const Function& more, Function* function);

  std::vector<Function> functions_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_DROPPED_NAMES_H_

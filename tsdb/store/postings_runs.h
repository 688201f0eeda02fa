// tsdb/store/postings_runs.h
//
// PostingsRuns: labels with their postings in a spill file, as sorted runs, and these joined. A
// label that several runs have gets its postings from them one after another, so the ids of a run
// come after those of the run before.
//
//   record: size of the rest, 4 bytes LE │ name number │ size of value, value │ ids │ first id │
//           last id │ the steps behind the first (postings_codec.h);    numbers are varints
//
// It never leaves the process, so it is no format of docs/format.
//
// Memory: kWriteBytes while a run is written; kReadBytes for each run while they are joined, more
// where one label's postings are longer.
//
// Thread safety: none.
#ifndef HEARTH_TSDB_STORE_POSTINGS_RUNS_H_
#define HEARTH_TSDB_STORE_POSTINGS_RUNS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "tsdb/store/postings_codec.h"
#include "tsdb/store/spill_file.h"

namespace hearth {

class PostingsRuns {
 public:
  static constexpr size_t kWriteBytes = size_t{64} << 10;
  static constexpr size_t kReadBytes = size_t{16} << 10;

  // `spill`: empty, and nobody else's; borrowed.
  explicit PostingsRuns(SpillFile* spill) : spill_(spill) {}

  // Adds a label to the run that is being written; ascending by (rank of the name, value). `name`:
  // a number of the caller's. Errors: as SpillFile::Append.
  absl::Status Add(uint32_t name, std::string_view value, const PostingsPart& part);
  absl::Status EndRun();
  size_t size() const { return runs_.size(); }

  // Calls fn(name, value, all its postings) for each label of the runs that have ended, by
  // (name_ranks[name], value). Fails with the first error of `fn`, and as SpillFile::Read.
  using LabelFn = absl::FunctionRef<absl::Status(uint32_t name, std::string_view value,
                                                 const PostingsEncoder& postings)>;
  absl::Status ForEach(std::span<const uint32_t> name_ranks, LabelFn fn) const;

 private:
  class Reader;
  // A part of the spill file: [begin, end).
  struct Run {
    uint64_t begin;
    uint64_t end;
  };

  absl::Status Write();

  SpillFile* const spill_;
  std::string unwritten_;
  std::vector<Run> runs_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_POSTINGS_RUNS_H_

// tsdb/store/generation_writer.h
//
// Writes one generation of a window as two sorted files, `samples` and `index`, which Store::Ingest
// then takes in:
//
//   auto writer = GenerationWriter::Create(store.scratch_path(), store.NextGeneration(window));
//   writer->Add(labels, fingerprint, chunks);   // In (metric, labels) order.
//   auto files = writer->Finish({.lsn = lsn});  // Closed and synced, with their properties.
//   store.Ingest(*files);
//   store.Publish(files->info);
//
// The order makes neighbours on a dashboard neighbours on disk.
//
// Memory, whatever the generation's size: half a MiB of postings (postings_builder.h), the columns
// of times that segments share, RocksDB's block buffers; a few bytes for each Cover.
//
// Thread safety: none. The files of a writer that was not finished, or not ingested, are deleted by
// its destructor.
#ifndef HEARTH_TSDB_STORE_GENERATION_WRITER_H_
#define HEARTH_TSDB_STORE_GENERATION_WRITER_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/labels.h"
#include "tsdb/chunk/encoding.h"
#include "tsdb/lsn.h"
#include "tsdb/store/database.h"
#include "tsdb/store/store_keys.h"

namespace hearth {

// An encoded chunk that somebody else owns.
struct ChunkView {
  ChunkMeta meta;
  std::string_view bytes;
};

// What a generation takes the place of; see GenerationInfo.
struct GenerationOrigin {
  Lsn lsn = 0;
  Lsn deletes_lsn = 0;
  std::vector<uint32_t> replaces;
  std::vector<GenerationId> replaces_inside;
  std::vector<MergedWindow> merged;
  uint32_t replaces_from = 0;
};

class GenerationWriter {
 public:
  // Creates the files in `scratch_path`. `env`: the store's (Store::env).
  static absl::StatusOr<std::unique_ptr<GenerationWriter>> Create(const std::string& scratch_path,
                                                                  const GenerationId& id,
                                                                  rocksdb::Env* env = nullptr);
  ~GenerationWriter();

  // Adds a series with its samples: in ascending time order, inside the window, not empty; t.size()
  // == v.size(). Errors: kInvalidArgument (order), kUnavailable (disk full).
  absl::Status Add(LabelsView labels, const Fingerprint& fingerprint, std::span<const TimeMs> t,
                   std::span<const double> v);
  // Adds a series with its chunks: ascending in time, inside the window, not empty. They are
  // decoded and encoded anew. Errors: kDataLoss (a chunk does not decode; nothing was added: leave
  // the chunk out and call again), kInvalidArgument (order), kUnavailable (disk full).
  absl::Status Add(LabelsView labels, const Fingerprint& fingerprint,
                   std::span<const ChunkView> chunks);

  // Says that the series which was added last is covered by itself: see series_coverage.h. At most
  // once for each window.
  void Cover(TimeMs window_start, Lsn lsn);

  // Completes the files. kFailedPrecondition when no series was added.
  absl::StatusOr<SealedFiles> Finish(const GenerationOrigin& origin);

  size_t series() const;

 private:
  class Impl;
  explicit GenerationWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The order of series in a generation: by metric name, then by labels.
bool MetricOrder(LabelsView a, LabelsView b);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_GENERATION_WRITER_H_

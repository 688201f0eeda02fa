// tsdb/store/store_fixture.h
//
// A store in a temporary folder, filled from and read back into plain maps. Testonly.
#ifndef HEARTH_TSDB_STORE_STORE_FIXTURE_H_
#define HEARTH_TSDB_STORE_STORE_FIXTURE_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/labels.h"
#include "tsdb/chunk/xor_chunk.h"
#include "tsdb/store/generation_reader.h"
#include "tsdb/store/generation_writer.h"
#include "tsdb/store/store.h"

namespace hearth {

// Samples by series, in time order.
using StoreContents = std::map<Labels, std::map<TimeMs, double>>;

// A folder that is deleted at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "/hearthXXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline std::string EncodeXor(const std::vector<Sample>& samples) {
  std::string buffer(XorMaxBytes(samples.size()) + 2 * kXorAppendSlack, '\0');
  XorState state;
  for (const Sample& sample : samples) XorAppend(sample.t, sample.v, buffer.data(), &state);
  buffer.resize(XorBytes(state));
  return buffer;
}

inline StoreOptions OptionsIn(const std::string& folder) {
  return {.path = folder + "/store",
          .scratch_path = folder + "/flush",
          .quarantine_path = folder + "/quarantine"};
}

// Writes one generation, up to but not including Ingest.
inline absl::StatusOr<SealedFiles> WriteGeneration(const Store& store, const WindowId& window,
                                                   const StoreContents& contents, Lsn lsn,
                                                   size_t samples_per_chunk = 120) {
  std::vector<const StoreContents::value_type*> series;
  for (const auto& entry : contents) series.push_back(&entry);
  std::sort(series.begin(), series.end(),
            [](const auto* a, const auto* b) { return MetricOrder(a->first, b->first); });
  auto writer = GenerationWriter::Create(store.scratch_path(), store.NextGeneration(window));
  if (!writer.ok()) return writer.status();
  for (const auto* entry : series) {
    std::vector<std::pair<ChunkMeta, std::string>> chunks;
    std::vector<Sample> run;
    const auto close = [&] {
      if (run.empty()) return;
      chunks.emplace_back(ChunkMeta{run.front().t, run.back().t, static_cast<uint32_t>(run.size())},
                          EncodeXor(run));
      run.clear();
    };
    for (const auto& [t, v] : entry->second) {
      run.push_back({t, v});
      if (run.size() == samples_per_chunk) close();
    }
    close();
    std::vector<ChunkView> views;
    for (const auto& [meta, bytes] : chunks) views.push_back({meta, bytes});
    const absl::Status status = (*writer)->Add(entry->first, entry->first.Fingerprint(), views);
    if (!status.ok()) return status;
  }
  auto files = (*writer)->Finish({.lsn = lsn, .deletes_lsn = lsn});
  if (!files.ok()) return files;
  // The files outlive the writer here: move them out of its reach.
  for (std::string* path : {&files->samples_path, &files->index_path}) {
    std::filesystem::rename(*path, *path + ".ready");
    *path += ".ready";
  }
  return files;
}

inline absl::Status AddGeneration(Store* store, const WindowId& window,
                                  const StoreContents& contents, Lsn lsn = 1) {
  auto files = WriteGeneration(*store, window, contents, lsn);
  if (!files.ok()) return files.status();
  if (absl::Status status = store->Ingest(*files); !status.ok()) return status;
  return store->Publish(files->info);
}

// Everything in one generation.
inline absl::StatusOr<StoreContents> ReadGeneration(
    const Store* store, const std::shared_ptr<const Generation>& generation) {
  const GenerationReader reader(store, generation);
  Postings ids;
  if (absl::Status status = reader.All(&ids); !status.ok()) return status;
  std::vector<Labels> labels(ids.size());
  absl::Status status = reader.ReadSeries(
      ids, [&](size_t i, const Fingerprint&, LabelsView view) { labels[i] = Labels(view); });
  if (!status.ok()) return status;
  StoreContents contents;
  for (size_t i = 0; i < ids.size(); ++i) {
    SampleColumns columns;
    status = reader.ReadSamples(ids[i], TimeRange{}, &columns);
    if (!status.ok()) return status;
    for (size_t k = 0; k < columns.t.size(); ++k) contents[labels[i]][columns.t[k]] = columns.v[k];
  }
  return contents;
}

// Everything in a store, all generations together. Unreadable generations are counted instead.
inline StoreContents ReadStore(const Store* store, int* unreadable = nullptr) {
  StoreContents contents;
  const std::shared_ptr<const StoreVersion> version = store->version();
  for (const auto& generation : version->generations) {
    const absl::StatusOr<StoreContents> part = ReadGeneration(store, generation);
    if (!part.ok()) {
      if (unreadable == nullptr) {
        ADD_FAILURE() << part.status();
      } else {
        ++*unreadable;
      }
      continue;
    }
    for (const auto& [labels, samples] : *part)
      contents[labels].insert(samples.begin(), samples.end());
  }
  return contents;
}

// Files may come and go meanwhile.
inline uint64_t FolderBytes(const std::string& folder, const std::string& extension = "") {
  uint64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (!extension.empty() && it->path().extension() != extension) continue;
    std::error_code vanished;
    const bool file = it->is_regular_file(vanished) && !vanished;
    const uint64_t size = file ? it->file_size(vanished) : 0;
    if (!vanished) bytes += size;
  }
  return bytes;
}

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_STORE_FIXTURE_H_

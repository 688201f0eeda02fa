#include "tsdb/store/generation_writer.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "model/status.h"
#include "model/text.h"
#include "rocksdb/sst_file_writer.h"
#include "rocksdb/table_properties.h"
#include "tsdb/chunk/varint.h"
#include "tsdb/store/bundle.h"
#include "tsdb/store/postings_builder.h"
#include "tsdb/store/segment.h"
#include "tsdb/store/series_coverage.h"
#include "tsdb/store/series_record.h"
#include "tsdb/store/spill_file.h"

namespace hearth {

namespace {

namespace fs = std::filesystem;

// Writes the identity of a generation into a file's properties when the file is closed.
class IdentityCollector : public rocksdb::TablePropertiesCollector {
 public:
  IdentityCollector(StoreFamily family, const GenerationInfo* info)
      : family_(family), info_(info) {}
  rocksdb::Status AddUserKey(const rocksdb::Slice&, const rocksdb::Slice&, rocksdb::EntryType,
                             rocksdb::SequenceNumber, uint64_t) override {
    return rocksdb::Status::OK();
  }
  rocksdb::Status Finish(rocksdb::UserCollectedProperties* properties) override {
    for (auto& [name, value] : IdentityProperties(family_, *info_)) {
      properties->insert_or_assign(name, value);
    }
    return rocksdb::Status::OK();
  }
  rocksdb::UserCollectedProperties GetReadableProperties() const override { return {}; }
  const char* Name() const override { return "hearth.identity"; }

 private:
  const StoreFamily family_;
  const GenerationInfo* const info_;  // Borrowed from the writer; complete when Finish is called.
};

class IdentityCollectorFactory : public rocksdb::TablePropertiesCollectorFactory {
 public:
  IdentityCollectorFactory(StoreFamily family, const GenerationInfo* info)
      : family_(family), info_(info) {}
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context) override {
    return new IdentityCollector(family_, info_);
  }
  const char* Name() const override { return "hearth.identity"; }

 private:
  const StoreFamily family_;
  const GenerationInfo* const info_;
};

// One sorted file.
class SortedFile {
 public:
  SortedFile(StoreFamily family, const GenerationInfo* info, std::string path, rocksdb::Env* env)
      : path_(std::move(path)), writer_(FileOptions(), Options(family, info, env)) {}

  absl::Status Open() { return FromRocks(writer_.Open(path_), StrCat("create \"", path_, "\"")); }
  absl::Status Put(std::string_view key, std::string_view value) {
    return FromRocks(writer_.Put(ToSlice(key), ToSlice(value)), StrCat("write \"", path_, "\""));
  }
  absl::Status Close() { return FromRocks(writer_.Finish(), StrCat("finish \"", path_, "\"")); }
  const std::string& path() const { return path_; }

 private:
  // RocksDB would gather a MiB of each file.
  static constexpr size_t kBufferBytes = size_t{64} << 10;

  static rocksdb::EnvOptions FileOptions() {
    rocksdb::EnvOptions options;
    options.writable_file_max_buffer_size = kBufferBytes;
    return options;
  }
  static rocksdb::Options Options(StoreFamily family, const GenerationInfo* info,
                                  rocksdb::Env* env) {
    rocksdb::Options options;
    static_cast<rocksdb::DBOptions&>(options) = StoreDbOptions(env);
    static_cast<rocksdb::ColumnFamilyOptions&>(options) = SealedFamilyOptions(family, nullptr);
    options.table_properties_collector_factories = {
        std::make_shared<IdentityCollectorFactory>(family, info)};
    return options;
  }

  const std::string path_;
  rocksdb::SstFileWriter writer_;
};

std::string ScratchFile(const std::string& folder, const GenerationId& id, std::string_view kind) {
  return (fs::path(folder) /
          StrCat(id.window.start, "+", id.window.length, "-", id.generation, "-", kind))
      .string();
}

std::string SortedFilePath(const std::string& folder, const GenerationId& id, const char* family) {
  return ScratchFile(folder, id, family).append(".sst");
}

}  // namespace

bool MetricOrder(LabelsView a, LabelsView b) {
  const int by_metric = a.MetricName().compare(b.MetricName());
  return by_metric != 0 ? by_metric < 0 : Compare(a, b) < 0;
}

class GenerationWriter::Impl {
 public:
  Impl(const std::string& scratch_path, const GenerationId& id, rocksdb::Env* env)
      : info_{.id = id,
              .range = {std::numeric_limits<TimeMs>::max(), std::numeric_limits<TimeMs>::min()}},
        prefix_(GenerationPrefix(id)),
        samples_(kSamples, &info_, SortedFilePath(scratch_path, id, store_format::kSamplesFamily),
                 env),
        index_(kIndex, &info_, SortedFilePath(scratch_path, id, store_format::kIndexFamily), env),
        spill_(ScratchFile(scratch_path, id, "postings.runs"), env) {}

  ~Impl() {
    std::error_code error;
    fs::remove(samples_.path(), error);
    fs::remove(index_.path(), error);
  }

  absl::Status Open() {
    HEARTH_RETURN_IF_ERROR(samples_.Open());
    return index_.Open();
  }

  absl::Status Add(LabelsView labels, const Fingerprint& fingerprint,
                   std::span<const ChunkView> chunks) {
    HEARTH_RETURN_IF_ERROR(DecodeChunks(chunks));
    return Add(labels, fingerprint, columns_.t, columns_.v);
  }

  absl::Status Add(LabelsView labels, const Fingerprint& fingerprint, std::span<const TimeMs> t,
                   std::span<const double> v) {
    const TimeRange window = info_.id.window.range();
    if (info_.series > 0 && !MetricOrder(last_labels_, labels)) {
      return absl::InvalidArgumentError(
          StrCat(ToString(info_.id), ": series ", labels.ToString(), " comes out of order"));
    }
    if (t.empty() || !window.Contains(t.front()) || !window.Contains(t.back())) {
      return absl::InvalidArgumentError(
          StrCat(ToString(info_.id), ": a series without samples, or with some beyond the window"));
    }
    const std::vector<Segment>& segments = encoder_.Encode(t, v);
    const auto id = static_cast<uint32_t>(info_.series);
    bundle_.clear();
    EncodeBundle(info_.id.window, segments, &bundle_);
    HEARTH_RETURN_IF_ERROR(samples_.Put(BundleKey(prefix_, id), bundle_));
    record_.clear();
    EncodeSeriesRecord(fingerprint, labels, &record_);
    HEARTH_RETURN_IF_ERROR(index_.Put(SeriesKey(prefix_, id), record_));
    HEARTH_RETURN_IF_ERROR(postings_.Add(id, labels));
    last_labels_ = Labels(labels);
    ++info_.series;
    info_.chunks += segments.size();
    info_.samples += t.size();
    info_.range.mint = std::min(info_.range.mint, t.front());
    info_.range.maxt = std::max(info_.range.maxt, t.back());
    return absl::OkStatus();
  }

  absl::StatusOr<SealedFiles> Finish(const GenerationOrigin& origin) {
    if (info_.series == 0) {
      return absl::FailedPreconditionError(StrCat(ToString(info_.id), " has no series to write"));
    }
    info_.lsn = origin.lsn;
    info_.deletes_lsn = origin.deletes_lsn;
    info_.replaces = origin.replaces;
    info_.replaces_inside = origin.replaces_inside;
    info_.merged = origin.merged;
    info_.replaces_from = origin.replaces_from;
    info_.series_lsn = covered_.max_lsn();
    for (uint32_t column = 0; column < times_.size(); ++column) {
      HEARTH_RETURN_IF_ERROR(
          samples_.Put(TimesKey(prefix_, column), times_.Encode(info_.id.window, column)));
    }
    HEARTH_RETURN_IF_ERROR(WritePostings());
    HEARTH_RETURN_IF_ERROR(covered_.Write(
        prefix_,
        [&](std::string_view key, std::string_view value) { return index_.Put(key, value); }));
    HEARTH_RETURN_IF_ERROR(samples_.Close());
    HEARTH_RETURN_IF_ERROR(index_.Close());
    return SealedFiles{info_, samples_.path(), index_.path()};
  }

  void Cover(TimeMs window_start, Lsn lsn) {
    covered_.Add({window_start, static_cast<uint32_t>(info_.series - 1), lsn});
  }

  size_t series() const { return info_.series; }

 private:
  // Fills columns_.
  absl::Status DecodeChunks(std::span<const ChunkView> chunks) {
    columns_.Clear();
    TimeMs last = info_.id.window.start;
    for (const ChunkView& chunk : chunks) {
      const size_t first = columns_.t.size();
      HEARTH_RETURN_IF_ERROR(DecodeChunk(chunk.meta, chunk.bytes, chunk.meta.range(), &columns_));
      const bool sound = columns_.t.size() - first == chunk.meta.count &&
                         columns_.t.size() > first && columns_.t[first] == chunk.meta.mint &&
                         columns_.t.back() == chunk.meta.maxt;
      const bool in_place = info_.id.window.range().Contains(chunk.meta.maxt) &&
                            (first == 0 ? chunk.meta.mint >= last : chunk.meta.mint > last);
      if (!sound || !in_place) {
        return absl::DataLossError(StrCat(ToString(info_.id), ": a chunk of ", chunk.bytes.size(),
                                          " bytes, times [", chunk.meta.mint, ", ", chunk.meta.maxt,
                                          "], does not hold what it claims"));
      }
      last = chunk.meta.maxt;
    }
    return absl::OkStatus();
  }

  absl::Status WritePostings() {
    HEARTH_RETURN_IF_ERROR(postings_.ForEachName([&](std::string_view name, size_t values) {
      std::string count;
      PutVarint(values, &count);
      return index_.Put(LabelNameKey(prefix_, name), count);
    }));
    return postings_.ForEachLabel(
        [&](std::string_view name, std::string_view value, std::string_view ids) {
          return index_.Put(PostingsKey(prefix_, name, value), ids);
        });
  }

  GenerationInfo info_;
  const std::string prefix_;
  SortedFile samples_;
  SortedFile index_;
  Labels last_labels_;
  SharedTimes times_;
  SegmentEncoder encoder_{&times_};
  SpillFile spill_;
  PostingsBuilder postings_{&spill_};
  SeriesCoverageEncoder covered_;
  // Kept for their capacity.
  SampleColumns columns_;
  std::string bundle_, record_;
};

GenerationWriter::GenerationWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GenerationWriter::~GenerationWriter() = default;

absl::StatusOr<std::unique_ptr<GenerationWriter>> GenerationWriter::Create(
    const std::string& scratch_path, const GenerationId& id, rocksdb::Env* env) {
  auto impl = std::make_unique<Impl>(scratch_path, id, env);
  HEARTH_RETURN_IF_ERROR(impl->Open());
  return std::unique_ptr<GenerationWriter>(new GenerationWriter(std::move(impl)));
}

absl::Status GenerationWriter::Add(LabelsView labels, const Fingerprint& fingerprint,
                                   std::span<const ChunkView> chunks) {
  return impl_->Add(labels, fingerprint, chunks);
}

absl::Status GenerationWriter::Add(LabelsView labels, const Fingerprint& fingerprint,
                                   std::span<const TimeMs> t, std::span<const double> v) {
  return impl_->Add(labels, fingerprint, t, v);
}

void GenerationWriter::Cover(TimeMs window_start, Lsn lsn) { impl_->Cover(window_start, lsn); }

absl::StatusOr<SealedFiles> GenerationWriter::Finish(const GenerationOrigin& origin) {
  return impl_->Finish(origin);
}
size_t GenerationWriter::series() const { return impl_->series(); }

}  // namespace hearth

// A store that a version of the first format wrote: read as it lies, beside what is written now.
#include <gtest/gtest.h>

#include <string>

#include "model/text.h"
#include "rocksdb/sst_file_writer.h"
#include "tsdb/chunk/varint.h"
#include "tsdb/store/database.h"
#include "tsdb/store/postings_codec.h"
#include "tsdb/store/store_fixture.h"

namespace hearth {
namespace {

constexpr TimeMs kHour = 3'600'000;
const WindowId kWindow{kHour, kHour};

// One XOR segment a series, with its gap and, where all are integers, the least and largest value.
std::string FirstBundle(const std::map<TimeMs, double>& samples) {
  std::vector<Sample> run;
  for (const auto& [t, v] : samples) run.push_back({t, v});
  const std::string chunk = EncodeXor(run);
  std::string bundle;
  bundle.push_back(1);
  PutVarint(1, &bundle);
  bundle.push_back(static_cast<char>(ChunkEncoding::kXor));
  bundle.push_back(2);
  PutVarint(static_cast<uint64_t>(run.front().t - kWindow.start), &bundle);
  PutVarint(static_cast<uint64_t>(run.back().t - run.front().t), &bundle);
  PutVarint(run.size(), &bundle);
  PutVarint(static_cast<uint64_t>(run.back().t - run.front().t), &bundle);
  PutZigzag(-1'000'000, &bundle);
  PutZigzag(1'000'000, &bundle);
  PutVarint(chunk.size(), &bundle);
  return bundle + chunk;
}

std::string FirstSeriesRecord(const Labels& labels) {
  std::string record;
  const Fingerprint fingerprint = labels.Fingerprint();
  for (const uint64_t word : {fingerprint.hi, fingerprint.lo}) {
    for (int shift = 56; shift >= 0; shift -= 8) record.push_back(static_cast<char>(word >> shift));
  }
  return record.append(labels.bytes());
}

void WriteFile(StoreFamily family, const std::string& path,
               const std::map<std::string, std::string>& entries) {
  rocksdb::Options options;
  static_cast<rocksdb::DBOptions&>(options) = StoreDbOptions(nullptr);
  static_cast<rocksdb::ColumnFamilyOptions&>(options) = SealedFamilyOptions(family, nullptr);
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options);
  ASSERT_TRUE(writer.Open(path).ok());
  for (const auto& [key, value] : entries) ASSERT_TRUE(writer.Put(key, value).ok());
  ASSERT_TRUE(writer.Finish().ok());
}

// Takes in a generation as the first format had it.
void AddFirstGeneration(Store* store, const StoreContents& contents) {
  GenerationInfo info{.id = store->NextGeneration(kWindow), .lsn = 7, .range = kWindow.range()};
  info.format = store_format::kFirstFormatVersion;
  const std::string prefix = GenerationPrefix(info.id);
  std::map<std::string, std::string> samples, index;
  std::map<std::string, PostingsEncoder> values;
  uint32_t id = 0;
  for (const auto& [labels, of_series] : contents) {
    samples[BundleKey(prefix, id)] = FirstBundle(of_series);
    index[SeriesKey(prefix, id)] = FirstSeriesRecord(labels);
    for (const Label& label : labels) values[PostingsKey(prefix, label.name, label.value)].Add(id);
    ++id;
    info.samples += of_series.size();
  }
  for (const auto& [key, ids] : values) index[key] = ids.Encode();
  info.series = info.chunks = id;
  const std::string path = store->scratch_path() + "/first";
  WriteFile(kSamples, path + "-samples", samples);
  WriteFile(kIndex, path + "-index", index);
  ASSERT_TRUE(store->Ingest({info, path + "-samples", path + "-index"}).ok());
  ASSERT_TRUE(store->Publish(info).ok());
}

TEST(FirstFormat, IsReadAsItLies) {
  const TemporaryFolder folder;
  auto store = *Store::Open(OptionsIn(folder.path()));
  StoreContents contents;
  for (int i = 0; i < 20; ++i) {
    const Labels labels{{"__name__", "m"}, {"i", StrCat(100 + i)}};
    for (int k = 0; k < 100; ++k) contents[labels][kWindow.start + k * 15'000 + i] = k * i;
  }
  AddFirstGeneration(store.get(), contents);
  for (int start = 0; start < 2; ++start) {
    EXPECT_EQ(ReadStore(store.get()), contents);
    EXPECT_EQ(store->Catalogue()[0].format, store_format::kFirstFormatVersion);
    EXPECT_TRUE(store->Verify(store->Catalogue()[0].id).ok());
    {
      const GenerationReader reader(store.get(), store->version()->generations[0]);
      Postings ids;
      ASSERT_TRUE(reader.Of("i", "105", &ids).ok());
      EXPECT_EQ(ids, Postings{5});
    }
    store.reset();
    store = *Store::Open(OptionsIn(folder.path()));
  }
  // A later generation of the same window is one of the present format.
  const StoreContents more{{Labels{{"__name__", "n"}}, {{kWindow.start + 1, 0.5}}}};
  ASSERT_TRUE(AddGeneration(store.get(), kWindow, more, 8).ok());
  EXPECT_EQ(store->Catalogue()[1].format, store_format::kFormatVersion);
  contents.insert(more.begin(), more.end());
  EXPECT_EQ(ReadStore(store.get()), contents);
}

}  // namespace
}  // namespace hearth

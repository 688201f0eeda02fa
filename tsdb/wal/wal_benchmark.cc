// Cost a sample of encoding, writing, reading and decoding WAL records of 10 000 samples.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tsdb/wal/frame.h"
#include "tsdb/wal/record.h"
#include "tsdb/wal/segment.h"
#include "tsdb/wal/wal_writer.h"

namespace hearth {
namespace {

constexpr int kSamples = 10'000;

void Encode(int round, SamplesEncoder* encoder) {
  encoder->Reset();
  for (WalRef ref = 0; ref < kSamples; ++ref) {
    encoder->Add(ref, 1'700'000'000'000 + round * 15'000 + ref / 1000, ref * 7919.0 + round);
  }
}

void BM_EncodeSamples(benchmark::State& state) {
  SamplesEncoder encoder;
  int round = 0;
  for (auto _ : state) {
    Encode(++round, &encoder);
    benchmark::DoNotOptimize(encoder.payload().data());
  }
  state.SetItemsProcessed(state.iterations() * kSamples);
  state.counters["bytes_per_sample"] = static_cast<double>(encoder.size()) / kSamples;
}
BENCHMARK(BM_EncodeSamples);

void BM_DecodeSamples(benchmark::State& state) {
  SamplesEncoder encoder;
  Encode(1, &encoder);
  std::vector<WalSample> samples;
  for (auto _ : state) {
    if (!DecodeSamples(encoder.payload(), &samples).ok()) state.SkipWithError("decode failed");
    benchmark::DoNotOptimize(samples.data());
  }
  state.SetItemsProcessed(state.iterations() * kSamples);
}
BENCHMARK(BM_DecodeSamples);

void BM_AppendAndScan(benchmark::State& state) {
  const std::string dir = std::filesystem::temp_directory_path() / "hearth_wal_benchmark";
  FileSystem& fs = PosixFileSystem();
  SamplesEncoder encoder;
  Encode(1, &encoder);
  const WalRecord record = {WalRecordType::kSamples, encoder.payload()};
  for (auto _ : state) {
    std::filesystem::remove_all(dir);
    if (!fs.MakeDirs(dir).ok()) state.SkipWithError("no directory");
    auto wal = WalWriter::Open({.fs = &fs, .dir = dir});
    for (int i = 0; i < 100; ++i) {
      if (!(*wal)->Append({&record, 1}).ok()) state.SkipWithError("append failed");
    }
    const auto file = fs.OpenRead(SegmentPath(dir, 1)).value();
    auto scanner = FrameScanner::Open(kWalKind, file.get()).value();
    Frame frame;
    int frames = 0;
    while (scanner.Next(&frame).value()) ++frames;
    if (frames != 100) state.SkipWithError("frames were lost");
  }
  state.SetItemsProcessed(state.iterations() * kSamples * 100);
  std::filesystem::remove_all(dir);
}
BENCHMARK(BM_AppendAndScan);

}  // namespace
}  // namespace hearth

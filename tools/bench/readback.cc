// readback: compares what a data directory holds with what push sent, bit for bit. The server must
// have stopped. README.md lists the flags.
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"
#include "model/labels.h"
#include "model/status.h"
#include "model/text.h"
#include "proto/remote_write.pb.h"
#include "tools/bench/load.h"
#include "tsdb/inspection.h"

namespace hearth::bench {
namespace {

using Sent = absl::flat_hash_map<Fingerprint, std::vector<Sample>>;

struct Comparison {
  int64_t samples = 0;  // Sent.
  int64_t equal = 0;
  int64_t series_missing = 0;
  std::string first_difference;

  void Note(std::string what) {
    if (first_difference.empty()) first_difference = std::move(what);
  }
};

Labels LabelsOf(const prometheus::TimeSeries& series) {
  LabelsBuilder labels;
  for (const prometheus::Label& label : series.labels()) labels.Set(label.name(), label.value());
  return labels.Build();
}

absl::Status Collect(BatchSource* source, Sent* sent) {
  constexpr int kBatch = 2000;
  WriteBody body;
  while (true) {
    body.Clear();
    HEARTH_RETURN_IF_ERROR(source->Next(kBatch, &body));
    if (body.samples() == 0) return absl::OkStatus();
    prometheus::WriteRequest request;
    if (!request.ParseFromArray(body.message().data(), static_cast<int>(body.message().size()))) {
      return absl::InternalError("the generator's own message does not parse");
    }
    for (const prometheus::TimeSeries& series : request.timeseries()) {
      std::vector<Sample>& samples = (*sent)[LabelsOf(series).Fingerprint()];
      for (const auto& sample : series.samples()) {
        samples.push_back({sample.timestamp(), sample.value()});
      }
    }
  }
}

void CompareSeries(LabelsView labels, const std::vector<Sample>& sent, const SampleColumns& stored,
                   Comparison* result) {
  if (stored.t.size() != sent.size()) {
    result->Note(StrCat(labels.ToString(), ": ", sent.size(), " samples were sent, ",
                        stored.t.size(), " are there"));
  }
  const size_t n = std::min(sent.size(), stored.t.size());
  for (size_t i = 0; i < n; ++i) {
    if (stored.t[i] == sent[i].t && SameBits(stored.v[i], sent[i].v)) {
      ++result->equal;
    } else {
      result->Note(absl::StrFormat("%s: sent %.17g at %d, there is %.17g at %d", labels.ToString(),
                                   sent[i].v, sent[i].t, stored.v[i], stored.t[i]));
    }
  }
}

absl::StatusOr<Comparison> Compare(const std::string& path, const Sent& sent, TimeRange range) {
  Comparison result;
  for (const auto& [fingerprint, samples] : sent) {
    result.samples += static_cast<int64_t>(samples.size());
  }
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<Inspection> inspection, Inspection::Open(path));
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<Querier> querier,
                          inspection->db().NewQuerier(range));
  const SelectRequest everything{{Matcher::NotEqual("__name__", "")}, range};
  HEARTH_ASSIGN_OR_RETURN(const auto sets, querier->Select({&everything, 1}));
  const SeriesSet& set = *sets[0];
  SampleColumns columns;
  size_t found = 0;
  for (size_t i = 0; i < set.size(); ++i) {
    const auto series = sent.find(set.fingerprint(i));
    if (series == sent.end()) continue;  // The server's own, or another load.
    ++found;
    HEARTH_RETURN_IF_ERROR(set.Read(i, range, &columns));
    CompareSeries(set.labels(i), series->second, columns, &result);
  }
  result.series_missing = static_cast<int64_t>(sent.size() - found);
  return result;
}

absl::Status Run(const std::string& path, const LoadOptions& options) {
  if (options.times.start_ms == 0) {
    return absl::InvalidArgumentError("--start-ms must be the one that was sent");
  }
  HEARTH_ASSIGN_OR_RETURN(const Load load, Load::Create(options));
  HEARTH_ASSIGN_OR_RETURN(const auto sources, load.Sources(1));
  Sent sent;
  HEARTH_RETURN_IF_ERROR(Collect(sources[0].get(), &sent));
  const StepTimes& times = load.times();
  HEARTH_ASSIGN_OR_RETURN(
      const Comparison result,
      Compare(path, sent, {times.start_ms, times.start_ms + times.steps * times.step_ms}));
  std::cout << result.samples << " samples of " << sent.size() << " series were sent, "
            << result.equal << " are there bit for bit, " << result.series_missing
            << " series are missing\n";
  if (result.equal == result.samples && result.first_difference.empty()) return absl::OkStatus();
  return absl::DataLossError(result.first_difference.empty() ? "series are missing"
                                                             : result.first_difference);
}

}  // namespace
}  // namespace hearth::bench

int main(int argc, char** argv) {
  CLI::App app("Compares a stopped server's data with what push sent with the same flags");
  std::string path;
  hearth::bench::LoadOptions load;
  app.add_option("--data", path, "The server's --storage.tsdb.path")->required();
  hearth::bench::AddLoadFlags(app, &load);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::ParseError& error) {
    std::cerr << "readback: " << error.what() << " (try --help)\n";
    return 1;
  }
  const absl::Status status = hearth::bench::Run(path, load);
  if (status.ok()) return 0;
  std::cerr << "readback: " << status.message() << "\n";
  return 1;
}

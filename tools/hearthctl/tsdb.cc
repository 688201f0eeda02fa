// hearthctl tsdb: looks into a data directory that no server has open. Arguments as promtool's
// where it has the same command.
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>
#include <memory>

#include "CLI/App.hpp"
#include "absl/time/time.h"
#include "config/duration.h"
#include "model/text.h"
#include "query/parse/parser.h"
#include "spdlog/fmt/fmt.h"
#include "spdlog/spdlog.h"
#include "tools/hearthctl/command.h"
#include "tsdb/inspection.h"

namespace hearth::hearthctl {
namespace {

struct TsdbOptions {
  std::string path = "data/";
  bool human = false;
  TimeMs min_time = std::numeric_limits<TimeMs>::min();
  TimeMs max_time = std::numeric_limits<TimeMs>::max();
  std::string match = "{__name__=~'(?s:.*)'}";
};

int Fail(const absl::Status& status) {
  std::cerr << "hearthctl: " << status.message() << "\n";
  return 1;
}

// Opens and runs `use`; what the storage logs on the way goes to stderr.
template <typename Use>
int Inspect(const std::string& path, Use use) {
  const absl::StatusOr<std::unique_ptr<Inspection>> inspection = Inspection::Open(path);
  return inspection.ok() ? use((*inspection)->db()) : Fail(inspection.status());
}

std::string TimeText(TimeMs t, bool human) {
  return human ? absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixMillis(t), absl::UTCTimeZone())
               : StrCat(t);
}

std::string BytesText(uint64_t bytes, bool human) {
  return human ? FormatBytes(static_cast<int64_t>(bytes)) : StrCat(bytes);
}

int List(Db& db, const TsdbOptions& options) {
  static constexpr char kRow[] = "{:<20} {:>10} {:<20} {:<20} {:>10} {:>12} {:>10} {:>10} {:>12}\n";
  std::cout << fmt::format(kRow, "WINDOW", "GENERATION", "MIN TIME", "MAX TIME", "DURATION",
                           "NUM SAMPLES", "NUM CHUNKS", "NUM SERIES", "SIZE");
  const bool human = options.human;
  for (const SealedPart& part : db.SealedParts()) {
    const GenerationInfo& info = part.info;
    std::cout << fmt::format(kRow, TimeText(info.id.window.start, human), info.id.generation,
                             TimeText(info.range.mint, human), TimeText(info.range.maxt, human),
                             FormatDuration(info.id.window.length), info.samples, info.chunks,
                             info.series, BytesText(part.bytes, human));
  }
  const HeadStats head = db.Stats().head;
  if (head.chunks == 0) return 0;
  std::cout << fmt::format(kRow, "head", "-", TimeText(head.range.mint, human),
                           TimeText(head.range.maxt, human),
                           FormatDuration(head.range.maxt - head.range.mint), "-", head.chunks,
                           head.series, BytesText(head.wal_bytes + head.chunk_log_bytes, human));
  return 0;
}

std::string ValueText(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", v);
}

int Dump(Db& db, const TsdbOptions& options) {
  const absl::StatusOr<std::vector<Matcher>> matchers = promql::ParseMetricSelector(options.match);
  if (!matchers.ok()) return Fail(matchers.status());
  const SelectRequest request{*matchers, {options.min_time, options.max_time}};
  const auto querier = db.NewQuerier(request.range);
  if (!querier.ok()) return Fail(querier.status());
  const auto sets = (*querier)->Select({&request, 1});
  if (!sets.ok()) return Fail(sets.status());
  const SeriesSet& set = *sets->front();
  SampleColumns columns;
  int result = 0;
  for (size_t i = 0; i < set.size(); ++i) {
    const std::string labels = set.labels(i).ToString();
    const absl::Status status = set.Read(i, request.range, &columns);
    if (!status.ok()) {
      std::cerr << "hearthctl: " << labels << ": " << status.message() << "\n";
      result = 1;
      continue;
    }
    for (size_t k = 0; k < columns.t.size(); ++k) {
      std::cout << labels << " " << ValueText(columns.v[k]) << " " << columns.t[k] << "\n";
    }
  }
  return result;
}

int Verify(Db& db) {
  int damaged = 0;
  for (const SealedPart& part : db.SealedParts()) {
    const absl::Status status = db.VerifySealed(part.info.id);
    if (status.ok()) continue;
    ++damaged;
    std::cout << fmt::format("DAMAGED {}: {} series, {} samples, times [{}, {}]: {}\n",
                             ToString(part.info.id), part.info.series, part.info.samples,
                             part.info.range.mint, part.info.range.maxt,
                             FromAbsl(status.message()));
  }
  const DbStats stats = db.Stats();
  const ReplayStats& replay = stats.head.replay;
  std::cout << fmt::format(
      "{} windows verified, {} damaged, {} files set aside\n"
      "WAL and chunk log: {} segments, {} missing, {} damaged bytes, {} bytes of torn tails\n",
      stats.store.generations, damaged, stats.store.quarantined,
      replay.wal_segments + replay.chunk_segments, replay.missing_segments, replay.skipped_bytes,
      replay.torn_tail_bytes);
  const bool good = damaged == 0 && stats.store.quarantined == 0 && replay.skipped_bytes == 0 &&
                    replay.missing_segments == 0;
  return good ? 0 : 1;
}

int Stats(Db& db, const TsdbOptions& options) {
  const DbStats stats = db.Stats();
  const bool human = options.human;
  const auto line = [](std::string_view name, const std::string& value) {
    std::cout << fmt::format("{:<24} {}\n", name, value);
  };
  if (!stats.range.empty()) {
    line("Min time", TimeText(stats.range.mint, human));
    line("Max time", TimeText(stats.range.maxt, human));
  }
  line("Sealed windows", StrCat(stats.store.generations));
  line("Sealed samples", StrCat(stats.store.samples));
  line("Sealed sample bytes", BytesText(stats.store.sample_bytes, human));
  line("Sealed index bytes", BytesText(stats.store.index_bytes, human));
  line("Head series", StrCat(stats.head.series));
  line("Head chunks", StrCat(stats.head.chunks));
  line("WAL bytes", BytesText(stats.head.wal_bytes, human));
  line("Chunk log bytes", BytesText(stats.head.chunk_log_bytes, human));
  line("Replayed samples", StrCat(stats.head.replay.replayed_samples));
  return 0;
}

CLI::App* AddCommand(CLI::App* tsdb, const char* name, const char* help, TsdbOptions* options) {
  CLI::App* const command = tsdb->add_subcommand(name, help);
  command->add_option("db path", options->path, "Database path (default is data/).");
  return command;
}

}  // namespace

void AddTsdbCommands(CLI::App& root, Commands& commands) {
  CLI::App* const tsdb = root.add_subcommand("tsdb", "Look into a data directory.");
  tsdb->require_subcommand(1);
  AddTsdbCreateCommands(*tsdb, commands);
  auto options = std::make_shared<TsdbOptions>();

  CLI::App* const list = AddCommand(tsdb, "list", "List the sealed windows.", options.get());
  list->add_flag("-r,--human-readable", options->human, "Print human readable values.");
  commands.Add(list, [options] {
    return Inspect(options->path, [&](Db& db) { return List(db, *options); });
  });

  CLI::App* const dump = AddCommand(tsdb, "dump", "Dump samples.", options.get());
  dump->add_option("--min-time", options->min_time, "Minimum timestamp to dump, in milliseconds.");
  dump->add_option("--max-time", options->max_time, "Maximum timestamp to dump, in milliseconds.");
  dump->add_option("--match", options->match, "Series selector.");
  commands.Add(dump, [options] {
    return Inspect(options->path, [&](Db& db) { return Dump(db, *options); });
  });

  CLI::App* const verify =
      AddCommand(tsdb, "verify", "Read everything and tell what is damaged.", options.get());
  commands.Add(verify,
               [options] { return Inspect(options->path, [](Db& db) { return Verify(db); }); });

  CLI::App* const stats = AddCommand(tsdb, "stats", "Print what there is.", options.get());
  stats->add_flag("-r,--human-readable", options->human, "Print human readable values.");
  commands.Add(stats, [options] {
    return Inspect(options->path, [&](Db& db) { return Stats(db, *options); });
  });
}

}  // namespace hearth::hearthctl

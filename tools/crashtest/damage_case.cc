#include "tools/crashtest/damage_case.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <random>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/db.h"

namespace hearth::crashtest {

namespace {

namespace fs = std::filesystem;

constexpr int kSeries = 60;
constexpr TimeMs kStepMs = 30'000;
constexpr TimeMs kHourMs = 3600 * 1000;
constexpr TimeMs kSealedMs = 3 * kHourMs;
// The head: a part of a window whose chunks are closed, another with open ones as well.
constexpr TimeMs kHeadFromMs = 145 * 60'000;
constexpr TimeMs kHeadToMs = 40 * 60'000;

class FixedClock : public Clock {
 public:
  TimeMs NowMs() const override { return kDamageNow; }
};

DbOptions Options(const std::string& path, const Clock* clock) {
  DbOptions options;
  options.path = path;
  options.clock = clock;
  options.compactor_interval = std::chrono::milliseconds(0);
  return options;
}

Labels SeriesLabels(int i) {
  return Labels{{"__name__", i % 2 ? "requests_total" : "temperature"},
                {"i", StrCat(i)},
                {"instance", StrCat("host-", i / 10, ":9100")}};
}

absl::Status Append(Db* db, TimeMs from, TimeMs to, std::mt19937_64* random, Contents* contents) {
  for (TimeMs t = from; t < to; t += kStepMs) {
    const std::unique_ptr<Appender> appender = db->NewAppender();
    for (int i = 0; i < kSeries; ++i) {
      const Labels labels = SeriesLabels(i);
      const double v = static_cast<double>((*random)() % 1'000'000) / 997.0;
      HEARTH_ASSIGN_OR_RETURN(const SeriesRef ref, appender->FindOrCreate(labels));
      appender->Append(ref, {t, v});
      (*contents)[labels][t] = v;
    }
    HEARTH_RETURN_IF_ERROR(appender->Commit().status());
  }
  return absl::OkStatus();
}

// Adds what the Db answers; false when a read met damage.
bool ReadAll(const Db& db, Contents* contents) {
  const auto querier = db.NewQuerier({});
  const SelectRequest everything;
  if (!querier.ok()) return false;
  const auto sets = (*querier)->Select({&everything, 1});
  if (!sets.ok()) return false;
  bool good = true;
  SampleColumns columns;
  for (size_t i = 0; i < sets->front()->size(); ++i) {
    if (!sets->front()->Read(i, TimeRange{}, &columns).ok()) {
      good = false;
      continue;
    }
    auto& samples = (*contents)[Labels(sets->front()->labels(i))];
    for (size_t k = 0; k < columns.t.size(); ++k) samples[columns.t[k]] = columns.v[k];
  }
  return good;
}

bool AnyWrong(const Contents& answered, const Contents& written) {
  for (const auto& [labels, samples] : answered) {
    const auto series = written.find(labels);
    for (const auto& [t, v] : samples) {
      if (series == written.end()) return true;
      const auto sample = series->second.find(t);
      if (sample == series->second.end() ||
          std::bit_cast<uint64_t>(sample->second) != std::bit_cast<uint64_t>(v)) {
        return true;
      }
    }
  }
  return false;
}

uint64_t Size(const Contents& contents) {
  uint64_t samples = 0;
  for (const auto& [labels, series] : contents) samples += series.size();
  return samples;
}

bool Reported(const DbStats& stats) {
  return stats.head.replay.skipped_bytes + stats.head.replay.torn_tail_bytes +
             stats.head.replay.unknown_ref_samples + stats.head.replay.missing_segments +
             stats.store.quarantined + stats.store.read_errors + stats.compactor.damaged_chunks >
         0;
}

CaseResult OpenAndCompare(const std::string& path, const Contents& written) {
  CaseResult result{Outcome::kNotStarted, 0};
  const FixedClock clock;
  const absl::StatusOr<std::unique_ptr<Db>> db = Db::Open(Options(path, &clock));
  if (!db.ok()) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), db.status().ToString().c_str());
    return result;
  }
  Contents first, second;
  bool met_damage = !ReadAll(**db, &first);
  // Sets aside what the readers complained about.
  (*db)->Compact().IgnoreError();
  met_damage = !ReadAll(**db, &second) || met_damage;
  const uint64_t there = Size(second), all = Size(written);
  result.missing = all - std::min(all, there);
  if (AnyWrong(first, written) || AnyWrong(second, written)) {
    result.outcome = Outcome::kWrongValue;
  } else if (there == all) {
    result.outcome = Outcome::kComplete;
  } else {
    result.outcome = met_damage || Reported((*db)->Stats()) ? Outcome::kReported : Outcome::kSilent;
  }
  return result;
}

}  // namespace

const char* OutcomeName(Outcome outcome) {
  static constexpr const char* kNames[kOutcomes] = {"complete",    "reported",    "silent",
                                                    "wrong value", "not started", "died"};
  return kNames[static_cast<size_t>(outcome)];
}

absl::Status MakeDataDirectory(const std::string& path, uint64_t seed, Contents* contents,
                               const std::function<void()>& live) {
  const FixedClock clock;
  std::mt19937_64 random(seed);
  HEARTH_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db, Db::Open(Options(path, &clock)));
  const TimeMs head_from = kDamageNow - kHeadFromMs;
  HEARTH_RETURN_IF_ERROR(Append(db.get(), head_from - kSealedMs, head_from, &random, contents));
  HEARTH_RETURN_IF_ERROR(db->Flush());
  HEARTH_RETURN_IF_ERROR(Append(db.get(), head_from, kDamageNow - kHeadToMs, &random, contents));
  if (live != nullptr) live();
  return db->Close();
}

CaseResult RunCase(const std::string& path, const Contents& contents, const std::string& log_path) {
  int ends[2];
  CaseResult result;
  if (::pipe(ends) != 0) return result;
  // Or the child would print once more what waits to be printed.
  std::fflush(stdout);
  const pid_t pid = ::fork();
  if (pid == 0) {
    FILE* log = std::freopen(log_path.c_str(), "a", stdout);
    if (log == nullptr || ::dup2(::fileno(stdout), 2) < 0) ::_exit(1);
    const CaseResult found = OpenAndCompare(path, contents);
    std::fflush(stdout);
    ::_exit(::write(ends[1], &found, sizeof(found)) == sizeof(found) ? 0 : 1);
  }
  ::close(ends[1]);
  CaseResult found;
  if (::read(ends[0], &found, sizeof(found)) == sizeof(found)) result = found;
  ::close(ends[0]);
  int status = 0;
  if (::waitpid(pid, &status, 0) != pid || status != 0) result.outcome = Outcome::kDied;
  return result;
}

std::string KindOf(const std::string& relative_path) {
  const fs::path path(relative_path);
  const std::string name = path.filename().string();
  const std::string folder = path.parent_path().filename().string();
  if (folder == "wal") return "WAL";
  if (folder == "chunks") return "chunk log";
  if (folder != "store") return name;
  if (path.extension() == ".sst") return "SST";
  if (path.extension() == ".log") return "RocksDB log";
  return name.substr(0, name.find('-'));
}

std::vector<std::string> FilesBelow(const std::string& path) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), path).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace hearth::crashtest

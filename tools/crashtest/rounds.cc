#include "tools/crashtest/rounds.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iostream>

#include "blackbox/server_process.h"
#include "model/status.h"
#include "model/text.h"
#include "tsdb/sync_journal.h"

namespace hearth::crashtest {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStartDeadline(60'000);
constexpr milliseconds kEndDeadline(2'000);
constexpr int kKilled = 128 + SIGKILL;
constexpr double kMemoryFactor = 1.2;
constexpr TimeMs kHourMs = 3600 * 1000;

std::string Url(uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

}  // namespace

Rounds::Rounds(RoundsOptions options)
    : options_(std::move(options)), time_(options_.speed), random_(options_.seed) {
  WritersOptions writers;
  writers.seed = options_.seed;
  writers.retention_ms = options_.retention_ms;
  writers.series = std::max(1, options_.series / writers.writers);
  writers_ = std::make_unique<Writers>(writers, &time_, &ledger_);
  operators_ = std::make_unique<Operators>(
      options_.seed, writers_->parts(), options_.directory + "/data/snapshots", &time_, &ledger_);
}

Rounds::~Rounds() = default;

KillCounts Rounds::Passed() const {
  return ReadKillCounts(options_.directory + "/kill_counts").value_or(KillCounts{});
}

bool Rounds::good() const {
  return totals_.findings.good() && totals_.failed_starts == 0 && totals_.fat_starts == 0 &&
         totals_.failed_reads == 0 && totals_.died_by_itself == 0;
}

Rounds::Death Rounds::ChooseDeath() {
  Death death;
  death.after_ms = options_.round_ms / 5 +
                   static_cast<TimeMs>(random_() % static_cast<uint64_t>(options_.round_ms));
  const auto& names = KillPointNames();
  if (!options_.point.empty()) {
    const auto row = std::find_if(names.begin(), names.end(),
                                  [&](const auto& r) { return r.name == options_.point; });
    if (row != names.end()) death.point = row->point;
  } else if (next_point_++ % 2 == 1) {
    death.point = names[next_point_ / 2 % kKillPoints].point;
  }
  if (!death.point) return death;
  // Anywhere in what one life passes on average.
  const uint64_t passed = Passed()[static_cast<size_t>(*death.point)];
  death.nth = 1 + random_() % std::max<uint64_t>(1, passed / std::max<uint64_t>(1, lives_));
  death.after_ms = 2 * options_.round_ms;
  return death;
}

void Rounds::StartProcess() {
  std::vector<std::string> environment = time_.Environment();
  environment.push_back("HEARTH_WAL_BYTES=" + std::to_string(options_.wal_bytes));
  environment.push_back("HEARTH_KILL_COUNTS=" + options_.directory + "/kill_counts");
  if (options_.power_cut) {
    environment.push_back("HEARTH_SYNC_JOURNAL=" + options_.directory + "/journal");
  }
  if (death_.point) {
    environment.push_back(
        "HEARTH_KILL_AT=" + std::string(KillPointNames()[static_cast<size_t>(*death_.point)].name) +
        ":" + std::to_string(death_.nth));
  }
  process_ = std::make_unique<blackbox::Process>(
      std::vector<std::string>{
          options_.binary, "--config.file=" + options_.directory + "/prometheus.yml",
          "--storage.tsdb.path=" + options_.directory + "/data",
          "--storage.tsdb.retention.time=" + std::to_string(options_.retention_ms) + "ms",
          "--storage.tsdb.wal-sync-interval=" + std::to_string(options_.sync_interval_ms) + "ms",
          "--web.listen-address=127.0.0.1:" + std::to_string(options_.port),
          "--web.enable-remote-write-receiver", "--web.enable-admin-api",
          // Of the server's time, which flies.
          "--query.timeout=1y"},
      options_.directory + "/hearth.log", environment);
  ++lives_;
}

bool Rounds::Start() {
  for (;;) {
    const auto from = std::chrono::steady_clock::now();
    StartProcess();
    bool ready = false;
    blackbox::WaitFor(kStartDeadline, [&] {
      ready = blackbox::Http("GET", Url(options_.port) + "/-/ready", "", {}, milliseconds(5000))
                  .status == 200;
      return ready || !process_->Running();
    });
    if (ready) {
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - from;
      totals_.slowest_start_s = std::max(totals_.slowest_start_s, took.count());
      return true;
    }
    if (!TakeNamedDeath()) return false;
    if (options_.power_cut && !CutPower().ok()) return false;
  }
}

bool Rounds::TakeNamedDeath() {
  // Its connections may close a moment before it has ended.
  if (!death_.point || process_->Wait(kEndDeadline) != kKilled) return false;
  ++totals_.killed_at[static_cast<size_t>(*death_.point)];
  death_.point.reset();
  return true;
}

void Rounds::Live() {
  anonymous_before_ = 0;
  writers_->Start(Url(options_.port));
  operators_->Start(Url(options_.port));
  const bool died = blackbox::WaitFor(milliseconds(death_.after_ms), [this] {
    if (!process_->Running()) return true;
    anonymous_before_ = std::max(anonymous_before_, process_->AnonymousBytes());
    return false;
  });
  died_at_ms_ = MachineMs();
  process_->Kill();
  if (!died) {
    ++totals_.killed_at_random;
  } else if (!TakeNamedDeath()) {
    ++totals_.died_by_itself;
    std::cerr << "the server ended by itself with " << process_->Wait(milliseconds(0)).value_or(-1)
              << "\n";
  }
  writers_->Stop();
  operators_->Stop();
}

absl::Status Rounds::CutPower() {
  HEARTH_ASSIGN_OR_RETURN(const DroppedData dropped,
                          DropUnsynced(options_.directory + "/journal", random_()));
  totals_.cut_files += dropped.files_cut;
  totals_.cut_bytes += dropped.bytes;
  totals_.undone_entries += dropped.entries_undone;
  return absl::OkStatus();
}

absl::StatusOr<Answered> Rounds::Read() {
  Answered answered;
  for (int part = 0; part <= writers_->parts(); ++part) {
    const double at = static_cast<double>(time_.NowMs() + kHourMs) / 1000;
    const TimeMs range_s = (options_.retention_ms + 6 * kHourMs) / 1000;
    const nlohmann::json json =
        blackbox::Http("GET", Url(options_.port) + "/api/v1/query?query=" +
                                  blackbox::UrlEncode(StrCat("crash_samples{part=\"", part, "\"}[",
                                                             range_s, "s]")) +
                                  "&time=" + std::to_string(at))
            .Json();
    if (!json.is_object() || json.value("status", "") != "success") {
      return absl::UnavailableError(
          StrCat("query of part ", part, ": ", json.dump().substr(0, 300)));
    }
    for (const nlohmann::json& series : json["data"]["result"]) {
      std::vector<Sample>& samples =
          answered[static_cast<SeriesId>(std::stoul(series["metric"]["id"].get<std::string>()))];
      for (const nlohmann::json& point : series["values"]) {
        samples.push_back({std::llround(point[0].get<double>() * 1000),
                           std::strtod(point[1].get<std::string>().c_str(), nullptr)});
      }
    }
  }
  return answered;
}

Findings Rounds::Compare(const Answered& answered) {
  Promise promise;
  // What the retention took while the answers came in need not be there.
  promise.kept_from = time_.NowMs() - options_.retention_ms;
  if (options_.power_cut) {
    promise.may_lose_from = died_at_ms_ - options_.sync_interval_ms - options_.sync_slack_ms;
  }
  return ledger_.Check(answered, promise, 24 * kHourMs);
}

absl::Status Rounds::StartAndCompare() {
  for (;;) {
    if (!Start()) {
      ++totals_.failed_starts;
      return absl::InternalError(StrCat("round ", totals_.rounds,
                                        ": the server does not start; see ", options_.directory,
                                        "/hearth.log"));
    }
    NoteMemory();
    const absl::StatusOr<Answered> answered = Read();
    // The point that it was armed with may come while it answers.
    if (!answered.ok() && TakeNamedDeath()) {
      if (options_.power_cut) HEARTH_RETURN_IF_ERROR(CutPower());
      continue;
    }
    if (!answered.ok()) {
      std::cerr << "round " << totals_.rounds << ": " << answered.status().message() << "\n";
      ++totals_.failed_reads;
      return absl::OkStatus();
    }
    const Findings findings = Compare(*answered);
    if (!findings.good()) {
      std::cerr << "round " << totals_.rounds << ":\n";
      for (const std::string& example : findings.examples) std::cerr << "  " << example << "\n";
    }
    totals_.findings.Add(findings);
    return absl::OkStatus();
  }
}

void Rounds::NoteMemory() {
  if (anonymous_before_ == 0) return;
  const double ratio =
      static_cast<double>(process_->AnonymousBytes()) / static_cast<double>(anonymous_before_);
  totals_.worst_memory_ratio = std::max(totals_.worst_memory_ratio, ratio);
  if (ratio > kMemoryFactor) ++totals_.fat_starts;
}

absl::Status Rounds::OneRound() {
  Live();
  if (options_.power_cut) HEARTH_RETURN_IF_ERROR(CutPower());
  death_ = ChooseDeath();
  HEARTH_RETURN_IF_ERROR(StartAndCompare());
  ++totals_.rounds;
  return absl::OkStatus();
}

absl::Status Rounds::Run() {
  death_ = ChooseDeath();
  HEARTH_RETURN_IF_ERROR(StartAndCompare());
  for (int round = 0; round < options_.rounds; ++round) HEARTH_RETURN_IF_ERROR(OneRound());
  process_.reset();
  return absl::OkStatus();
}

}  // namespace hearth::crashtest

#include "tools/crashtest/operators.h"

#include <chrono>
#include <filesystem>
#include <system_error>

#include "blackbox/remote_write_sender.h"
#include "blackbox/server_process.h"
#include "model/labels.h"
#include "model/text.h"

namespace hearth::crashtest {

namespace {
constexpr std::chrono::milliseconds kPause(40);
constexpr std::chrono::seconds kDeadline(20);
}  // namespace

void Operators::Start(const std::string& url) {
  stop_ = false;
  thread_ = std::thread([this, url] { Run(url); });
}

void Operators::Stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Operators::Run(const std::string& url) {
  bool going = true;
  while (going && !blackbox::WaitFor(kPause, [this] { return stop_.load(); })) {
    const uint64_t choice = random_() % 10;
    if (choice < 4) {
      going = WriteAndDelete(url);
    } else if (choice == 4) {
      std::error_code error;
      std::filesystem::remove_all(snapshots_, error);
      going = Ask(url, "snapshot", &counts_.snapshots);
    } else if (choice == 5) {
      going = Ask(url, random_() % 2 == 0 ? "compact" : "clean_tombstones", &counts_.compactions);
    }
  }
}

bool Operators::Ask(const std::string& url, const std::string& path, std::atomic<uint64_t>* done) {
  const blackbox::Answer answer =
      blackbox::Http("POST", url + "/api/v1/admin/tsdb/" + path, "", {}, kDeadline);
  ++(answer.status / 100 == 2 ? *done : counts_.refused);
  return answer.status != 0;
}

bool Operators::WriteAndDelete(const std::string& url) {
  const SeriesId id = ledger_->AddSeries(/*ordered=*/false);
  const Labels labels{{"__name__", "crash_samples"}, {"id", StrCat(id)}, {"part", StrCat(part_)}};
  std::vector<blackbox::TimeSeries> request = {{labels, {}}};
  const TimeMs now = time_->NowMs();
  for (TimeMs t = now - 3 * 60'000; t <= now; t += 60'000) {
    request[0].samples.push_back({t, static_cast<double>(id) + 0.25});
    ledger_->Sent(id, request[0].samples.back());
  }
  const blackbox::Answer written =
      blackbox::Http("POST", url + "/api/v1/write",
                     blackbox::SnappyCompress(blackbox::EncodeWriteRequest(request)),
                     {"Content-Type: application/x-protobuf", "Content-Encoding: snappy",
                      "X-Prometheus-Remote-Write-Version: 0.1.0"},
                     kDeadline);
  if (written.status == 0) return false;
  if (written.status / 100 != 2) return true;
  for (const Sample& sample : request[0].samples) {
    ledger_->Acknowledged(id, sample.t, MachineMs());
  }
  if (random_() % 4 == 0) return true;  // Stays.
  ledger_->Deleting(id);
  const blackbox::Answer deleted =
      blackbox::Http("POST",
                     url + "/api/v1/admin/tsdb/delete_series?match[]=" +
                         blackbox::UrlEncode("crash_samples{id=\"" + std::to_string(id) + "\"}"),
                     "", {}, kDeadline);
  if (deleted.status / 100 == 2) {
    ledger_->Deleted(id);
    ++counts_.deletes;
  } else {
    ++counts_.refused;
  }
  return deleted.status != 0;
}

}  // namespace hearth::crashtest

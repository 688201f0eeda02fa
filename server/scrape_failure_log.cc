#include "server/scrape_failure_log.h"

#include <atomic>
#include <utility>

#include "api/v1/json_writer.h"
#include "model/status.h"
#include "model/text.h"
#include "server/log_file.h"
#include "spdlog/spdlog.h"

namespace hearth {
namespace {

class ScrapeFailureLog : public FailureLog {
 public:
  explicit ScrapeFailureLog(std::unique_ptr<LogFile> file) : file_(std::move(file)) {}

  void Write(const ScrapeFailure& failure) override {
    std::string line;
    JsonWriter json(&line);
    json.BeginObject().Key("time").String(MillisecondTime(failure.t)).Key("level").String("ERROR");
    json.Key("msg").String(failure.error).Key("job_name").String(failure.job);
    json.Key("target").String(failure.url).EndObject();
    line.push_back('\n');
    const absl::Status status = file_->Append(line);
    if (!status.ok() && !warned_.exchange(true)) {
      spdlog::warn("scrape_failure_log_file: {}", FromAbsl(status.message()));
    }
  }

 private:
  const std::unique_ptr<LogFile> file_;
  std::atomic<bool> warned_{false};
};

}  // namespace

absl::StatusOr<std::shared_ptr<FailureLog>> OpenScrapeFailureLog(const std::string& path) {
  HEARTH_ASSIGN_OR_RETURN(std::unique_ptr<LogFile> file,
                          LogFile::Open("scrape_failure_log_file", path));
  return std::make_shared<ScrapeFailureLog>(std::move(file));
}

}  // namespace hearth

#include "server/logging.h"

#include <chrono>
#include <ctime>
#include <memory>
#include <string>

#include "model/labels.h"
#include "spdlog/formatter.h"
#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"

namespace hearth {
namespace {

std::string_view LevelText(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return "DEBUG";
    case spdlog::level::warn:
      return "WARN";
    case spdlog::level::err:
    case spdlog::level::critical:
      return "ERROR";
    default:
      return "INFO";
  }
}

std::string UtcTime(std::chrono::system_clock::time_point time) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = ms / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  const size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  snprintf(text + n, sizeof(text) - n, ".%03dZ", static_cast<int>(ms % 1000));
  return text;
}

class PrometheusFormatter : public spdlog::formatter {
 public:
  explicit PrometheusFormatter(bool json) : json_(json) {}

  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& dest) override {
    std::string line;
    const std::string_view text(msg.payload.data(), msg.payload.size());
    if (json_) {
      line = "{\"time\":\"" + UtcTime(msg.time) + "\",\"level\":\"";
      line.append(LevelText(msg.level)).append("\",\"msg\":");
      AppendQuoted(text, &line);
      line.append("}\n");
    } else {
      line = "time=" + UtcTime(msg.time) + " level=";
      line.append(LevelText(msg.level)).append(" msg=");
      AppendQuoted(text, &line);
      line.push_back('\n');
    }
    dest.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<PrometheusFormatter>(json_);
  }

 private:
  const bool json_;
};

}  // namespace

void SetUpLogging(std::string_view level, std::string_view format) {
  auto logger =
      std::make_shared<spdlog::logger>("hearth", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_formatter(std::make_unique<PrometheusFormatter>(format == "json"));
  logger->set_level(level == "debug"   ? spdlog::level::debug
                    : level == "warn"  ? spdlog::level::warn
                    : level == "error" ? spdlog::level::err
                                       : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace hearth

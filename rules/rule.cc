#include "rules/rule.h"

#include "model/text.h"

namespace hearth {

void Rule::Evaluated(const absl::Status& status, TimeMs began_ms, double seconds) {
  MutexLock lock(&mu_);
  last_error_ = status;
  last_evaluation_ms_ = began_ms;
  evaluation_time_s_ = seconds;
}

absl::Status Rule::last_error() const {
  MutexLock lock(&mu_);
  return last_error_;
}

double Rule::evaluation_time_s() const {
  MutexLock lock(&mu_);
  return evaluation_time_s_;
}

std::optional<TimeMs> Rule::last_evaluation_ms() const {
  MutexLock lock(&mu_);
  return last_evaluation_ms_;
}

RuleStatus Rule::Status() const {
  RuleStatus status;
  status.is_alert = is_alert();
  status.name = name_;
  status.query = expression_.text();
  status.labels = labels_;
  MutexLock lock(&mu_);
  status.last_error = std::string(FromAbsl(last_error_.message()));
  status.evaluation_time_s = evaluation_time_s_;
  status.last_evaluation_ms = last_evaluation_ms_;
  if (last_evaluation_ms_) {
    status.health = last_error_.ok() ? RuleHealth::kGood : RuleHealth::kBad;
  }
  return status;
}

}  // namespace hearth

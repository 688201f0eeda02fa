#include "tools/crashtest/ledger.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <optional>
#include <set>

#include "model/text.h"

namespace hearth::crashtest {

namespace {

void Example(std::string text, Findings* findings) {
  if (findings->examples.size() < kExamples) findings->examples.push_back(std::move(text));
}

std::string Where(SeriesId id, TimeMs t) { return StrCat("series ", id, " at ", t); }

}  // namespace

void Findings::Add(const Findings& other) {
  checked += other.checked;
  forgiven += other.forgiven;
  lost += other.lost;
  holes += other.holes;
  invented += other.invented;
  repeated += other.repeated;
  risen += other.risen;
  for (const std::string& example : other.examples) Example(example, this);
}

SeriesId Ledger::AddSeries(bool ordered) {
  MutexLock lock(&mu_);
  series_.push_back({.ordered = ordered});
  return static_cast<SeriesId>(series_.size() - 1);
}

void Ledger::Sent(SeriesId id, Sample sample) {
  MutexLock lock(&mu_);
  const auto [it, added] = series_[id].sent.try_emplace(sample.t);
  if (!added) return;
  it->second.v = sample.v;
  it->second.order = next_order_++;
}

void Ledger::Acknowledged(SeriesId id, TimeMs t, TimeMs now_ms) {
  MutexLock lock(&mu_);
  const auto it = series_[id].sent.find(t);
  if (it == series_[id].sent.end() || it->second.acknowledged_ms >= 0) return;
  it->second.acknowledged_ms = now_ms;
  ++acknowledged_;
}

void Ledger::Deleting(SeriesId id) {
  MutexLock lock(&mu_);
  series_[id].deleting = true;
}

void Ledger::Deleted(SeriesId id) {
  MutexLock lock(&mu_);
  for (auto& [t, sample] : series_[id].sent) sample.deleted = true;
}

uint64_t Ledger::acknowledged() const {
  MutexLock lock(&mu_);
  return acknowledged_;
}

void Ledger::CheckAnswers(SeriesId id, const std::vector<Sample>& samples, Findings* findings) {
  const Series& series = series_[id];
  for (size_t i = 0; i < samples.size(); ++i) {
    const auto& [t, v] = samples[i];
    const auto it = series.sent.find(t);
    if (it == series.sent.end() ||
        std::bit_cast<uint64_t>(it->second.v) != std::bit_cast<uint64_t>(v)) {
      ++findings->invented;
      Example(StrCat("invented: ", Where(id, t), ": ", v), findings);
    } else if (it->second.deleted) {
      ++findings->risen;
      Example(StrCat("deleted and there: ", Where(id, t)), findings);
    }
    if (i > 0 && t <= samples[i - 1].t) {
      ++findings->repeated;
      Example(StrCat("repeated: ", Where(id, t)), findings);
    }
  }
}

void Ledger::CheckPromise(SeriesId id, const std::vector<Sample>& samples, const Promise& promise,
                          Findings* findings) {
  Series& series = series_[id];
  std::set<TimeMs> present;
  for (const Sample& sample : samples) present.insert(sample.t);
  // From the newest on: what is there of the times passed so far was sent before this, or later.
  std::optional<uint64_t> last_sent;
  const auto end = std::make_reverse_iterator(series.sent.lower_bound(promise.kept_from));
  for (auto it = series.sent.rbegin(); it != end; ++it) {
    auto& [t, sample] = *it;
    if (sample.acknowledged_ms < 0 || series.deleting) continue;
    ++findings->checked;
    if (present.contains(t)) {
      last_sent = std::max(last_sent.value_or(0), sample.order);
      continue;
    }
    if (sample.acknowledged_ms < promise.may_lose_from) {
      ++findings->lost;
      Example(StrCat("lost: ", Where(id, t), ", acknowledged at ", sample.acknowledged_ms,
                     ", may lose from ", promise.may_lose_from),
              findings);
    } else if (series.ordered && last_sent && sample.order < *last_sent) {
      ++findings->holes;
      Example(StrCat("hole: ", Where(id, t), ", acknowledged at ", sample.acknowledged_ms),
              findings);
    } else {
      ++findings->forgiven;
    }
    // Told once.
    sample.acknowledged_ms = -1;
  }
}

Findings Ledger::Check(const Answered& answered, const Promise& promise, TimeMs forget_ms) {
  static const std::vector<Sample> kNothing;
  Findings findings;
  MutexLock lock(&mu_);
  for (const auto& [id, samples] : answered) {
    if (id < series_.size()) continue;
    ++findings.invented;
    Example(StrCat("invented: series ", id), &findings);
  }
  for (SeriesId id = 0; id < series_.size(); ++id) {
    const auto it = answered.find(id);
    const std::vector<Sample>& samples = it == answered.end() ? kNothing : it->second;
    CheckAnswers(id, samples, &findings);
    CheckPromise(id, samples, promise, &findings);
    auto& sent = series_[id].sent;
    sent.erase(sent.begin(), sent.lower_bound(promise.kept_from - forget_ms));
  }
  return findings;
}

}  // namespace hearth::crashtest

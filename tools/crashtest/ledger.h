// tools/crashtest/ledger.h
//
// Ledger: what was sent to the server, what of it was acknowledged, and whether the server's answer
// agrees. The oracle of the crash test.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_TOOLS_CRASHTEST_LEDGER_H_
#define HEARTH_TOOLS_CRASHTEST_LEDGER_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/mutex.h"
#include "model/sample.h"

namespace hearth::crashtest {

using SeriesId = uint32_t;  // The value of the label `id`; never used twice.

// What one series answered, in the order of the answer.
using Answered = std::map<SeriesId, std::vector<Sample>>;

// When what must be there. Times of the machine's clock in milliseconds, not the server's.
struct Promise {
  // Acknowledged samples at or after it must be there; older ones may have left by retention.
  TimeMs kept_from = 0;
  // Acknowledged at or after it, a sample may be missing: a power cut took the last sync interval.
  // INT64_MAX when nothing may.
  TimeMs may_lose_from = INT64_MAX;
};

struct Findings {
  uint64_t checked = 0;   // Acknowledged samples that had to be there.
  uint64_t forgiven = 0;  // Of these missing, within the promise.
  uint64_t lost = 0;      // Missing beyond the promise.
  // Missing although one of its series is there that is newer and was sent later. (A late sample is
  // older than what was sent before it, so nothing is missing between the two.)
  uint64_t holes = 0;
  uint64_t invented = 0;              // Answered, but never sent, or with another value.
  uint64_t repeated = 0;              // Answered twice, or out of order.
  uint64_t risen = 0;                 // Answered although deleted.
  std::vector<std::string> examples;  // At most kExamples, one line each.

  bool good() const { return lost + holes + invented + repeated + risen == 0; }
  void Add(const Findings& other);
};
inline constexpr size_t kExamples = 20;

class Ledger {
 public:
  // `ordered`: one writer alone sends the series, each request after the answer to the one before,
  // so that what a power cut takes must be a suffix.
  SeriesId AddSeries(bool ordered) LOCKS_EXCLUDED(mu_);
  // The same sample may be sent again. Before the request.
  void Sent(SeriesId id, Sample sample) LOCKS_EXCLUDED(mu_);
  void Acknowledged(SeriesId id, TimeMs t, TimeMs now_ms) LOCKS_EXCLUDED(mu_);
  // A delete of the whole series is on its way: from now on nothing of it need be there.
  void Deleting(SeriesId id) LOCKS_EXCLUDED(mu_);
  // The delete was acknowledged: from now on nothing of what was sent before may be there.
  void Deleted(SeriesId id) LOCKS_EXCLUDED(mu_);

  // Compares. Afterwards what was forgiven counts as never acknowledged, and what is older than
  // promise.kept_from by `forget_ms` is forgotten.
  Findings Check(const Answered& answered, const Promise& promise, TimeMs forget_ms)
      LOCKS_EXCLUDED(mu_);

  uint64_t acknowledged() const LOCKS_EXCLUDED(mu_);

 private:
  struct SentSample {
    double v = 0;
    uint64_t order = 0;           // Of sending.
    TimeMs acknowledged_ms = -1;  // Machine's clock; -1 = not.
    bool deleted = false;
  };
  struct Series {
    bool ordered = false;
    bool deleting = false;
    std::map<TimeMs, SentSample> sent;
  };

  void CheckAnswers(SeriesId id, const std::vector<Sample>& samples, Findings* findings)
      EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CheckPromise(SeriesId id, const std::vector<Sample>& samples, const Promise& promise,
                    Findings* findings) EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable Mutex mu_;
  std::vector<Series> series_ GUARDED_BY(mu_);  // By id.
  uint64_t next_order_ GUARDED_BY(mu_) = 0;
  uint64_t acknowledged_ GUARDED_BY(mu_) = 0;
};

}  // namespace hearth::crashtest

#endif  // HEARTH_TOOLS_CRASHTEST_LEDGER_H_

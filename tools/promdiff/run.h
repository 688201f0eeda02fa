// tools/promdiff/run.h
//
// Rounds: new data to both servers, then queries: peer against Hearth, step k of a range against
// the instant, one thread against many; last, the same queries after a replay, a flush and a
// restart.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_PROMDIFF_RUN_H_
#define HEARTH_TOOLS_PROMDIFF_RUN_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "model/clock.h"
#include "query/engine.h"
#include "tools/promdiff/grammar.h"
#include "tools/promdiff/server.h"
#include "tsdb/fake_storage.h"

namespace hearth::promdiff {

struct RunOptions {
  std::string hearth;      // The binary.
  std::string prometheus;  // "" = no peer: the other properties alone.
  std::string directory;   // Exists.
  uint16_t port = 0;       // Hearth's.
  uint16_t peer_port = 0;
  uint64_t seed = 1;
  int seconds = 60;
  uint64_t first_round = 0;  // To come back to a failure.
  int max_failures = 20;     // Minimised and printed; then the run ends.
};

struct Totals {
  uint64_t rounds = 0, expressions = 0;
  uint64_t with_peer = 0, steps = 0, threads = 0, cached = 0, states = 0;  // Comparisons.
  uint64_t valid = 0, non_empty = 0, refused = 0;  // Refused: valid text, both gave an error.
  uint64_t failures = 0;
  std::map<std::string, uint64_t, std::less<>> explained;  // By known difference.
};

class Run {
 public:
  // Reports failures to `out` (borrowed) as they come.
  Run(RunOptions options, std::ostream* out);
  ~Run();

  // kUnavailable when a server does not start or does not take the data.
  absl::Status Go();
  const Totals& totals() const { return totals_; }
  const Tally& tally() const { return tally_; }
  const PeerWords& words() const { return words_; }

 private:
  struct Recorded {
    Query query;
    std::string body;
  };
  bool TimeLeft() const { return std::chrono::steady_clock::now() < deadline_; }
  absl::Status StartServers(const std::string& directory);
  absl::Status Round(uint64_t round);
  absl::Status Push(const Data& data, bool flush_halfway);
  void FillEngines(const Data& data);
  void Check(const Query& query, std::vector<Recorded>* recorded);
  void CheckInvalid(const Query& query);
  void CheckPeer(const Query& query, const Answer& hearth);
  void CheckSteps(const Query& query, const Answer& range,
                  const std::function<Answer(const Query&)>& ask);
  void CheckThreads(const Query& query);
  void CheckCache(const Query& query);
  void CheckState(const std::vector<Recorded>& recorded, std::string_view state);
  Answer AskEngine(const promql::Engine& engine, const Query& query) const;
  // Prints the query, shrunk while `difference` is not empty. `difference` of a query that no
  // longer fails is "".
  void Fail(std::string_view what, const Query& query,
            const std::function<std::string(const Query&)>& difference);

  const RunOptions options_;
  std::ostream* const out_;
  std::chrono::steady_clock::time_point deadline_;
  std::unique_ptr<Server> hearth_, peer_;
  PeerWords words_;
  std::unique_ptr<FakeStorage> storage_;
  std::unique_ptr<promql::Engine> one_thread_, many_threads_;
  const Data* data_ = nullptr;  // Of the round.
  uint64_t round_ = 0, number_ = 0;
  Tally tally_;
  Totals totals_;
};

}  // namespace hearth::promdiff

#endif  // HEARTH_TOOLS_PROMDIFF_RUN_H_

#include "tools/promdiff/run.h"

#include <filesystem>

#include "model/status.h"
#include "model/text.h"
#include "spdlog/fmt/fmt.h"
#include "tools/promdiff/differences.h"
#include "tools/promdiff/minimiser.h"

namespace hearth::promdiff {
namespace {

constexpr uint64_t kExpressionsPerRound = 3000;
constexpr uint64_t kRecordEvery = 8;
constexpr TimeMs kStartsEvery = 600'000;
constexpr int kMinimiseTries = 400;

// Which comparison with the peer a query allows.
Closeness ClosenessOf(const Query& query) {
  if (query.expr->facts.tied) return Closeness::kValues;
  return query.expr->facts.exact ? Closeness::kBits : Closeness::kClose;
}

bool Sorts(const Node& node) { return node.rule == "sort" || node.rule == "sort_desc"; }

std::string PeerDifference(const Query& query, const Answer& hearth, const Answer& peer) {
  return Difference(hearth, peer, ClosenessOf(query), query.instant() && Sorts(*query.expr));
}

}  // namespace

Run::Run(RunOptions options, std::ostream* out)
    : options_(std::move(options)),
      out_(out),
      deadline_(std::chrono::steady_clock::now() + std::chrono::seconds(options_.seconds)) {}

Run::~Run() = default;

absl::Status Run::Go() {
  for (uint64_t round = options_.first_round; TimeLeft(); ++round) {
    HEARTH_RETURN_IF_ERROR(Round(round));
    ++totals_.rounds;
    if (totals_.failures >= static_cast<uint64_t>(options_.max_failures)) break;
  }
  return absl::OkStatus();
}

absl::Status Run::StartServers(const std::string& directory) {
  std::filesystem::remove_all(directory);
  hearth_ = std::make_unique<Server>(
      Server::Options{options_.hearth, directory + "/hearth", options_.port, Dialect::kHearth});
  HEARTH_RETURN_IF_ERROR(hearth_->Start());
  if (options_.prometheus.empty()) return absl::OkStatus();
  peer_ = std::make_unique<Server>(Server::Options{options_.prometheus, directory + "/prometheus",
                                                   options_.peer_port, Dialect::kPeer});
  HEARTH_RETURN_IF_ERROR(peer_->Start());
  words_ = AskForWords(*peer_);
  return absl::OkStatus();
}

absl::Status Run::Push(const Data& data, bool flush_halfway) {
  for (size_t i = 0; i < data.batches.size(); ++i) {
    HEARTH_RETURN_IF_ERROR(hearth_->Push(data.batches[i]));
    if (peer_ != nullptr) HEARTH_RETURN_IF_ERROR(peer_->Push(data.batches[i]));
    if (flush_halfway && i == data.batches.size() / 2) {
      HEARTH_RETURN_IF_ERROR(hearth_->Post("/api/v1/admin/tsdb/compact"));
    }
  }
  return absl::OkStatus();
}

void Run::FillEngines(const Data& data) {
  storage_ = std::make_unique<FakeStorage>();
  for (const DataSeries& series : data.series) {
    for (const Sample& sample : series.samples) {
      // Only start_timestamp() asks when a sample's counter began.
      const TimeMs began = sample.t / kStartsEvery * kStartsEvery - 1;
      storage_->Put(series.labels, sample.t, sample.v, began);
    }
  }
  promql::EngineOptions options;
  options.parser = {.experimental_functions = true,
                    .extended_range_selectors = true,
                    .fill_modifiers = true,
                    .start_timestamps = true};
  options.threads = 1;
  one_thread_ = std::make_unique<promql::Engine>(storage_.get(), &SystemClock::Get(), options);
  options.threads = 8;
  many_threads_ = std::make_unique<promql::Engine>(storage_.get(), &SystemClock::Get(), options);
}

absl::Status Run::Round(uint64_t round) {
  round_ = round;
  const uint64_t seed = options_.seed * 1'000'003 + round;
  const Data data =
      MakeData({.seed = seed, .on_boundary = round % 3 == 2, .late_samples = round % 2 == 1});
  data_ = &data;
  HEARTH_RETURN_IF_ERROR(StartServers(options_.directory + "/round"));
  HEARTH_RETURN_IF_ERROR(Push(data, /*flush_halfway=*/round % 4 == 1));
  FillEngines(data);
  Tally tally;
  Grammar grammar(seed, &data, words_, &tally);
  std::vector<Recorded> recorded;
  // However short the time, the first round goes on until it has generated everything.
  const auto goes_on = [&] {
    return TimeLeft() || (totals_.rounds == 0 && !tally.Missing().empty());
  };
  for (number_ = 0; number_ < kExpressionsPerRound && goes_on(); ++number_) {
    const Query query = grammar.Next();
    Check(query, &recorded);
    if (!hearth_->Running()) {
      ++totals_.failures;
      return absl::UnavailableError(StrCat("seed ", options_.seed, " round ", round, " expression ",
                                           number_, ": the server died of or before ",
                                           query.Describe(), "\n", hearth_->Log()));
    }
    if (totals_.failures >= static_cast<uint64_t>(options_.max_failures)) break;
  }
  tally_.Add(tally);
  hearth_->Stop(/*kill=*/true);
  HEARTH_RETURN_IF_ERROR(hearth_->Start());
  CheckState(recorded, "after kill and replay");
  HEARTH_RETURN_IF_ERROR(hearth_->Post("/api/v1/admin/tsdb/compact"));
  CheckState(recorded, "after flush and merge");
  hearth_->Stop(/*kill=*/false);
  HEARTH_RETURN_IF_ERROR(hearth_->Start());
  CheckState(recorded, "after restart");
  hearth_->Stop(/*kill=*/true);
  if (peer_ != nullptr) peer_->Stop(/*kill=*/true);
  data_ = nullptr;
  return absl::OkStatus();
}

void Run::Check(const Query& query, std::vector<Recorded>* recorded) {
  ++totals_.expressions;
  const Facts& facts = query.expr->facts;
  if (!facts.valid) {
    CheckInvalid(query);
    return;
  }
  ++totals_.valid;
  const std::function<Answer(const Query&)> server = [this](const Query& q) {
    return hearth_->Ask(q);
  };
  const std::function<Answer(const Query&)> engine = [this](const Query& q) {
    return AskEngine(*one_thread_, q);
  };
  const auto& ask = facts.in_process ? engine : server;
  const Answer answer = ask(query);
  if (!answer.ok && (answer.error_type == "bad_data" || answer.error_type == "transport")) {
    Fail("valid text is refused", query, [&](const Query& q) {
      const Answer again = ask(q);
      return again.ok || again.error_type == "execution" ? "" : again.error;
    });
    return;
  }
  totals_.refused += answer.ok ? 0 : 1;
  totals_.non_empty += answer.ok && !answer.empty() ? 1 : 0;
  if (peer_ != nullptr && facts.comparable && !facts.in_process) CheckPeer(query, answer);
  if (answer.ok && !query.instant() && !facts.needs_range) CheckSteps(query, answer, ask);
  if (number_ % 2 == 0 || facts.in_process) CheckThreads(query);
  if (!query.instant() && !facts.in_process) CheckCache(query);
  if (number_ % kRecordEvery == 0 && answer.ok && !facts.in_process) {
    recorded->push_back({query, answer.body});
  }
}

void Run::CheckInvalid(const Query& query) {
  const auto accepted = [this](const Query& q) -> std::string {
    const Answer hearth = hearth_->Ask(q);
    if (hearth.ok) return "Hearth accepts it";
    if (hearth.error_type == "transport") return hearth.error;
    return peer_ != nullptr && peer_->Ask(q).ok ? "the peer accepts it" : "";
  };
  if (!accepted(query).empty()) Fail("invalid text", query, accepted);
}

void Run::CheckPeer(const Query& query, const Answer& hearth) {
  ++totals_.with_peer;
  const Answer peer = peer_->Ask(query);
  if (PeerDifference(query, hearth, peer).empty()) return;
  const auto difference = [this](const Query& q) {
    return PeerDifference(q, hearth_->Ask(q), peer_->Ask(q));
  };
  const Query smallest = Minimise(
      query, [&](const Query& q) { return !difference(q).empty(); }, kMinimiseTries);
  const auto hearth_says = [this](const Query& q) { return hearth_->Ask(q); };
  const auto peer_says = [this](const Query& q) { return peer_->Ask(q); };
  const KnownDifference* known =
      Explain({smallest, hearth_says(smallest), peer_says(smallest), hearth_says, peer_says});
  if (known != nullptr) {
    ++totals_.explained[std::string(known->name)];
    return;
  }
  Fail("peer", smallest, difference);
}

void Run::CheckSteps(const Query& query, const Answer& range,
                     const std::function<Answer(const Query&)>& ask) {
  const auto difference_at = [&](const Query& q, const Answer& answer, TimeMs t) {
    Answer instant = ask({q.expr, t, t, 0});
    if (instant.type == "scalar") {
      instant.type = "vector";
      instant.series[0].labels = "{}";
      // A scalar is written with all its digits, a point of a series with an exponent.
      instant.series[0].points[0] = {t, instant.series[0].points[0].v, ""};
    }
    return Difference(AtStep(answer, t), instant, Closeness::kBits);
  };
  const TimeMs steps = (query.end_ms - query.start_ms) / query.step_ms + 1;
  for (const TimeMs k : {TimeMs{0}, static_cast<TimeMs>(number_) % steps, steps - 1}) {
    ++totals_.steps;
    if (difference_at(query, range, query.start_ms + k * query.step_ms).empty()) continue;
    Fail("range at a step against the instant", query, [&](const Query& q) -> std::string {
      if (q.instant()) return "";
      const Answer again = ask(q);
      if (!again.ok) return "";
      for (TimeMs t = q.start_ms; t <= q.end_ms; t += q.step_ms) {
        const std::string difference = difference_at(q, again, t);
        if (!difference.empty()) return difference;
      }
      return "";
    });
    return;
  }
}

void Run::CheckThreads(const Query& query) {
  ++totals_.threads;
  const auto difference = [this](const Query& q) {
    return Difference(AskEngine(*one_thread_, q), AskEngine(*many_threads_, q), Closeness::kBits,
                      /*ordered=*/q.instant());
  };
  if (!difference(query).empty()) Fail("one thread against many", query, difference);
}

// As a dashboard that moves on: what is asked the second time is kept, and the third time begins
// with it.
void Run::CheckCache(const Query& query) {
  ++totals_.cached;
  const auto difference = [this](const Query& q) -> std::string {
    if (q.instant()) return "";
    for (const int back : {2, 2, 1}) {
      hearth_->Ask({q.expr, q.start_ms - back * q.step_ms, q.end_ms - back * q.step_ms, q.step_ms});
    }
    const Answer cached = hearth_->Ask(q), whole = hearth_->Ask(q, /*past_cache=*/true);
    if (cached.body == whole.body) return "";
    const std::string values = Difference(cached, whole, Closeness::kBits);
    return values.empty() ? "the same values in other bytes" : values;
  };
  if (!difference(query).empty()) Fail("result cache on and off", query, difference);
}

void Run::CheckState(const std::vector<Recorded>& recorded, std::string_view state) {
  for (const Recorded& one : recorded) {
    ++totals_.states;
    if (hearth_->Ask(one.query).body == one.body) continue;
    const Answer before = ParseAnswer(one.body);
    // Not shrunk: the answer of before exists for this query alone.
    Fail(state, one.query, [&](const Query& q) -> std::string {
      if (Text(*q.expr, Dialect::kHearth) != Text(*one.query.expr, Dialect::kHearth) ||
          q.start_ms != one.query.start_ms || q.step_ms != one.query.step_ms) {
        return "";
      }
      const std::string difference =
          Difference(hearth_->Ask(q), before, Closeness::kBits, q.instant());
      return difference.empty() ? "the same values in other bytes" : difference;
    });
    if (totals_.failures >= static_cast<uint64_t>(options_.max_failures)) return;
  }
}

Answer Run::AskEngine(const promql::Engine& engine, const Query& query) const {
  promql::QueryRequest request;
  request.query = Text(*query.expr, Dialect::kHearth);
  request.start_ms = query.start_ms;
  request.end_ms = query.end_ms;
  request.step_ms = query.step_ms;
  return FromEngine(engine.Execute(request), query.instant());
}

void Run::Fail(std::string_view what, const Query& query,
               const std::function<std::string(const Query&)>& difference) {
  ++totals_.failures;
  const Query smallest = Minimise(
      query, [&](const Query& q) { return !difference(q).empty(); }, kMinimiseTries);
  *out_ << fmt::format("FAILURE ({})\n  seed {} round {} expression {}\n  {}\n", what,
                       options_.seed, round_, number_, query.Describe());
  if (smallest.Describe() != query.Describe()) *out_ << "  shrunk: " << smallest.Describe() << "\n";
  *out_ << "  " << difference(smallest) << "\n" << std::flush;
}

}  // namespace hearth::promdiff

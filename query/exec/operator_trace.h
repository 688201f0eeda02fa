// query/exec/operator_trace.h
//
// Measures the operators of a query that is explained. The tree follows from the nesting of
// Prepare; a column's time goes to the operator that computes it, without what its inputs took, and
// what a blocking operator does with the columns it pulls goes to that operator.
//
//   Begin (Prepare) ── Begin, End of the inputs ── columns of the inputs, by workers ── End
//
// An operator without an expression of its own (a broadcast, say) is part of the one above it.
//
// Thread safety: OperatorTrace belongs to the query's thread, each WorkerTrace to one worker.
#ifndef HEARTH_QUERY_EXEC_OPERATOR_TRACE_H_
#define HEARTH_QUERY_EXEC_OPERATOR_TRACE_H_

#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "query/exec/explanation.h"
#include "query/parse/ast.h"
#include "tsdb/storage.h"

namespace hearth::promql {

using TraceId = uint32_t;
inline constexpr TraceId kUntraced = std::numeric_limits<TraceId>::max();

// One worker's times and counts.
class WorkerTrace {
 public:
  using Clock = std::chrono::steady_clock;

  // What goes on between Enter and Leave, calls nest.
  class Span {
   public:
    Span(WorkerTrace* trace, TraceId id)
        : trace_(trace), id_(id), began_(Clock::now()), outer_inner_(trace->inner_) {
      trace_->inner_ = {};
    }
    ~Span() {
      const Clock::duration took = Clock::now() - began_;
      trace_->At(id_).self += took - trace_->inner_;
      trace_->inner_ = outer_inner_ + took;
    }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    WorkerTrace* const trace_;
    const TraceId id_;
    const Clock::time_point began_;
    const Clock::duration outer_inner_;
  };

  void CountColumn(TraceId id, int64_t rows) {
    ++At(id).columns;
    At(id).rows += rows;
  }

 private:
  friend class OperatorTrace;
  struct Cost {
    Clock::duration self{};
    int64_t columns = 0, rows = 0;
  };

  Cost& At(TraceId id) {
    if (id >= costs_.size()) costs_.resize(id + 1);
    return costs_[id];
  }

  Clock::duration inner_{};  // Of the spans inside the innermost open one.
  std::vector<Cost> costs_;  // By operator.
};

class OperatorTrace {
 public:
  // `query` is the text that expressions have their positions in; borrowed.
  explicit OperatorTrace(std::string_view query) : query_(query) {}

  // `name` and `expression` as in OperatorExplanation.
  TraceId Begin(std::string_view name, std::string_view expression);
  TraceId Begin(const Expr& expr);
  // Of the innermost operator that has begun.
  void End(int64_t series, int64_t steps);
  // The innermost one; kUntraced outside of all.
  TraceId current() const { return open_.empty() ? kUntraced : open_.back().id; }

  // The operator on the query's thread waits for its workers from here to Resume: their spans have
  // the time.
  void Pause() { paused_at_ = Clock::now(); }
  void Resume() { open_.back().inner += Clock::now() - paused_at_; }

  // Adds what `worker` has measured and empties it.
  void Absorb(WorkerTrace* worker);
  // `set` is what operator `id` reads; outlives the trace.
  void Reads(TraceId id, const SeriesSet* set) { operators_[id].set = set; }

  // Begun first, with everything below. At least one operator has begun, and all have ended.
  OperatorExplanation Explain() const { return Explain(0); }

 private:
  using Clock = WorkerTrace::Clock;
  struct Operator {
    std::string_view name, expression;
    int64_t series = 0, steps = 0;
    WorkerTrace::Cost cost;
    const SeriesSet* set = nullptr;
    std::vector<TraceId> inputs;
  };
  struct Open {
    TraceId id;
    Clock::time_point began;
    Clock::duration inner{};  // Of inputs and workers.
  };

  OperatorExplanation Explain(TraceId id) const;

  const std::string_view query_;
  std::vector<Operator> operators_;  // By id.
  std::vector<Open> open_;           // From the outermost to the innermost.
  Clock::time_point paused_at_;
};

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_OPERATOR_TRACE_H_

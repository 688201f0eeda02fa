// server/query_watch.h
//
// What the server does about every query beside answering it: lists it while it runs, logs it when
// it has ended.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_SERVER_QUERY_WATCH_H_
#define HEARTH_SERVER_QUERY_WATCH_H_

#include <atomic>
#include <memory>
#include <utility>

#include "metrics/registry.h"
#include "model/clock.h"
#include "query/engine.h"
#include "query/query_observer.h"
#include "server/active_queries.h"
#include "server/query_log.h"

namespace hearth {

class QueryWatch : public promql::QueryObserver {
 public:
  // Both outlive this.
  QueryWatch(const Clock* clock, metrics::Registry* registry) : clock_(clock), log_(registry) {}

  QueryLog& log() { return log_; }
  // Once, before the first query.
  void List(std::unique_ptr<ActiveQueries> active) {
    owned_ = std::move(active);
    active_.store(owned_.get(), std::memory_order_release);
  }

  size_t Entered(const promql::QueryRequest& request) override {
    ActiveQueries* const active = active_.load(std::memory_order_acquire);
    return active == nullptr ? ActiveQueries::kNone
                             : active->Insert(request.query, clock_->NowMs());
  }
  void Left(size_t token) override {
    if (token != ActiveQueries::kNone) active_.load(std::memory_order_acquire)->Remove(token);
  }
  void Ended(const promql::QueryRequest& request, const promql::QueryStats& stats,
             const absl::Status& status) override {
    log_.Write(request, stats, status, clock_->NowMs());
  }

 private:
  const Clock* const clock_;
  QueryLog log_;
  std::unique_ptr<ActiveQueries> owned_;
  std::atomic<ActiveQueries*> active_{nullptr};  // Null until List.
};

}  // namespace hearth

#endif  // HEARTH_SERVER_QUERY_WATCH_H_

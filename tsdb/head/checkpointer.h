// tsdb/head/checkpointer.h
//
// Checkpointer: a thread that has the head make a checkpoint when there is something to let go. It
// is not the compactor's, because a flush or a merge may take long and the WAL grows meanwhile.
//
// Thread safety: none; the thread it starts calls Head::Checkpoint only. Lifetime: the head
// outlives it.
#ifndef HEARTH_TSDB_HEAD_CHECKPOINTER_H_
#define HEARTH_TSDB_HEAD_CHECKPOINTER_H_

#include <chrono>
#include <thread>

#include "model/mutex.h"
#include "tsdb/head/head.h"

namespace hearth {

class Checkpointer {
 public:
  // Looks every `interval`. A failure is counted in the head's stats, and tried again.
  Checkpointer(Head* head, std::chrono::milliseconds interval);
  ~Checkpointer();  // Waits for a checkpoint that is under way.

 private:
  void Run();

  Head* const head_;
  const std::chrono::milliseconds interval_;
  Mutex mu_;
  CondVar stopped_;
  bool stop_ GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_CHECKPOINTER_H_

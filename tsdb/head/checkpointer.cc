#include "tsdb/head/checkpointer.h"

namespace hearth {

Checkpointer::Checkpointer(Head* head, std::chrono::milliseconds interval)
    : head_(head), interval_(interval), thread_([this] { Run(); }) {}

Checkpointer::~Checkpointer() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    stopped_.SignalAll();
  }
  thread_.join();
}

void Checkpointer::Run() {
  for (;;) {
    {
      MutexLock lock(&mu_);
      if (!stop_) stopped_.WaitFor(&mu_, interval_);
      if (stop_) return;
    }
    head_->Checkpoint().IgnoreError();
  }
}

}  // namespace hearth

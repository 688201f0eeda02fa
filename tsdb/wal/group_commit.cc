#include "tsdb/wal/group_commit.h"

#include <algorithm>
#include <utility>

namespace hearth {

GroupCommit::GroupCommit(int64_t interval_ms, Lsn first_lsn)
    : interval_(interval_ms),
      written_lsn_(first_lsn),
      synced_lsn_(first_lsn),
      last_sync_(std::chrono::steady_clock::now()),
      thread_([this] { Run(); }) {}

GroupCommit::~GroupCommit() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
  }
  work_.SignalAll();
  thread_.join();
}

void GroupCommit::Written(std::shared_ptr<File> file, Lsn lsn) {
  bool wake;
  {
    MutexLock lock(&mu_);
    wake = written_lsn_ == synced_lsn_ && interval_.count() > 0;
    written_lsn_ = std::max(written_lsn_, lsn);
    const bool noted = file == nullptr || (!dirty_.empty() && dirty_.back() == file);
    if (!noted) dirty_.push_back(std::move(file));
  }
  if (wake) work_.Signal();
}

absl::Status GroupCommit::WaitDurable(Lsn lsn) {
  MutexLock lock(&mu_);
  // Numbers are spent on writes that failed too, and these will never be durable.
  lsn = std::min(lsn, written_lsn_);
  ++waiting_;
  work_.Signal();
  while (synced_lsn_ < lsn && error_.ok() && !stop_) durable_.Wait(&mu_);
  --waiting_;
  if (synced_lsn_ >= lsn) return absl::OkStatus();
  return error_.ok() ? absl::UnavailableError("WAL is closing") : error_;
}

void GroupCommit::SyncSoon() {
  MutexLock lock(&mu_);
  if (soon_ || written_lsn_ == synced_lsn_) return;
  soon_ = true;
  work_.Signal();
}

Lsn GroupCommit::synced_lsn() const {
  MutexLock lock(&mu_);
  return synced_lsn_;
}

uint64_t GroupCommit::syncs() const {
  MutexLock lock(&mu_);
  return syncs_;
}

absl::Status GroupCommit::error() const {
  MutexLock lock(&mu_);
  return error_;
}

void GroupCommit::Reset() {
  MutexLock lock(&mu_);
  error_ = absl::OkStatus();
  dirty_.clear();
  soon_ = false;
  synced_lsn_ = written_lsn_;
  ++epoch_;
}

bool GroupCommit::AwaitWork() {
  for (;;) {
    const bool unsynced = written_lsn_ != synced_lsn_ && error_.ok();
    if (stop_) return unsynced;
    const auto elapsed = std::chrono::steady_clock::now() - last_sync_;
    if (!unsynced || (interval_.count() == 0 && waiting_ == 0 && !soon_)) {
      work_.Wait(&mu_);
    } else if (waiting_ > 0 || soon_ || elapsed >= interval_) {
      return true;
    } else {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(interval_ - elapsed);
      work_.WaitFor(&mu_, left + std::chrono::milliseconds(1));
    }
  }
}

void GroupCommit::Run() {
  mu_.Lock();
  while (AwaitWork()) {
    std::vector<std::shared_ptr<File>> files = std::move(dirty_);
    dirty_.clear();
    soon_ = false;
    const Lsn target = written_lsn_;
    const uint64_t epoch = epoch_;
    mu_.Unlock();
    absl::Status status;
    for (const auto& file : files) status.Update(file->Sync());
    files.clear();
    mu_.Lock();
    ++syncs_;
    last_sync_ = std::chrono::steady_clock::now();
    if (epoch != epoch_) continue;
    if (status.ok()) {
      synced_lsn_ = std::max(synced_lsn_, target);
    } else {
      error_ = status;
    }
    durable_.SignalAll();
  }
  mu_.Unlock();
  durable_.SignalAll();
}

}  // namespace hearth

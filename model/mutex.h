// model/mutex.h
//
// The house's lock: std::mutex with Clang's thread-safety annotations. absl::Mutex is not used
// because Debian's package is built without TSan, which then reports everything it guards as a
// race.
//
// `GUARDED_BY`, `EXCLUSIVE_LOCKS_REQUIRED` and friends come from absl/base/thread_annotations.h
// (Debian's Abseil still has the names without ABSL_) and are checked by `bazel build
// --config=clang`.
#ifndef HEARTH_MODEL_MUTEX_H_
#define HEARTH_MODEL_MUTEX_H_

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"

namespace hearth {

class ABSL_LOCKABLE Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mu_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mu_.unlock(); }
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true) { return mu_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mu_;
};

// Holds a Mutex for a scope.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu) : mu_(mu) { mu_->Lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mu_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mu_;
};

// A condition variable for Mutex. Callers loop on their condition: wake-ups may be spurious.
class CondVar {
 public:
  void Wait(Mutex* mu) EXCLUSIVE_LOCKS_REQUIRED(mu) NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock<std::mutex> lock(mu->mu_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  // Returns false when `timeout` passed first.
  bool WaitFor(Mutex* mu, std::chrono::milliseconds timeout)
      EXCLUSIVE_LOCKS_REQUIRED(mu) NO_THREAD_SAFETY_ANALYSIS {
    std::unique_lock<std::mutex> lock(mu->mu_, std::adopt_lock);
    // system_clock: libstdc++'s steady wait uses pthread_cond_clockwait, which GCC 12's TSan does
    // not intercept.
    const bool signalled = cv_.wait_until(lock, std::chrono::system_clock::now() + timeout) ==
                           std::cv_status::no_timeout;
    lock.release();
    return signalled;
  }
  void Signal() { cv_.notify_one(); }
  void SignalAll() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace hearth

#endif  // HEARTH_MODEL_MUTEX_H_

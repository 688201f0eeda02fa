// http/io_thread.h
//
// One thread that waits for sockets and timers. A server has its own; all clients may share one.
//
// Thread safety: all methods may be called from any thread. Functions that run here must not block.
#ifndef HEARTH_HTTP_IO_THREAD_H_
#define HEARTH_HTTP_IO_THREAD_H_

#include <functional>
#include <memory>

#include "model/clock.h"

namespace boost::asio {
class io_context;
}

namespace hearth::http {

class IoThread {
 public:
  IoThread();
  // Stops the loop and joins. Functions that have not started are dropped. Not from the thread
  // itself.
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  void Post(std::function<void()> fn);
  // Runs `fn` once, not before `delay_ms` have passed. Cannot be taken back: let `fn` look whether
  // it is still wanted.
  void RunAfter(TimeMs delay_ms, std::function<void()> fn);
  bool IsCurrent() const;

  // For the .cc files that include Asio.
  boost::asio::io_context& context();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_IO_THREAD_H_

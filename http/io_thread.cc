#include "http/io_thread.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <thread>
#include <utility>

namespace hearth::http {

namespace asio = boost::asio;

struct IoThread::Impl {
  // The hint of one thread lets Asio skip some wake-ups; Post from other threads stays allowed.
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::thread thread{[this] { context.run(); }};
};

IoThread::IoThread() : impl_(std::make_unique<Impl>()) {}

IoThread::~IoThread() {
  impl_->context.stop();
  impl_->thread.join();
}

void IoThread::Post(std::function<void()> fn) { asio::post(impl_->context, std::move(fn)); }

void IoThread::RunAfter(TimeMs delay_ms, std::function<void()> fn) {
  auto timer =
      std::make_shared<asio::steady_timer>(impl_->context, std::chrono::milliseconds(delay_ms));
  timer->async_wait([timer, fn = std::move(fn)](const boost::system::error_code& error) {
    if (!error) fn();
  });
}

bool IoThread::IsCurrent() const { return std::this_thread::get_id() == impl_->thread.get_id(); }

asio::io_context& IoThread::context() { return impl_->context; }

}  // namespace hearth::http

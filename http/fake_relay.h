// http/fake_relay.h
//
// Copies bytes between two streams of Asio, both ways, until one side ends. For fake_proxy and
// fake_tls.
//
// Thread safety: on the thread of the streams only. Ownership: keeps itself and both streams alive.
#ifndef HEARTH_HTTP_FAKE_RELAY_H_
#define HEARTH_HTTP_FAKE_RELAY_H_

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <memory>

namespace hearth::http {

template <typename A, typename B>
class FakeRelay : public std::enable_shared_from_this<FakeRelay<A, B>> {
 public:
  FakeRelay(std::shared_ptr<A> a, std::shared_ptr<B> b) : a_(std::move(a)), b_(std::move(b)) {}

  void Start() {
    Copy(a_.get(), b_.get(), &forth_);
    Copy(b_.get(), a_.get(), &back_);
  }

 private:
  using Buffer = std::array<char, 4096>;

  template <typename From, typename To>
  void Copy(From* from, To* to, Buffer* buffer) {
    const auto self = this->shared_from_this();
    from->async_read_some(
        boost::asio::buffer(*buffer),
        [self, this, from, to, buffer](boost::system::error_code error, size_t n) {
          if (error) return Close();
          boost::asio::async_write(
              *to, boost::asio::buffer(buffer->data(), n),
              [self, this, from, to, buffer](boost::system::error_code failed, size_t) {
                failed ? Close() : Copy(from, to, buffer);
              });
        });
  }
  void Close() {
    boost::system::error_code ignored;
    a_->lowest_layer().close(ignored);
    b_->lowest_layer().close(ignored);
  }

  const std::shared_ptr<A> a_;
  const std::shared_ptr<B> b_;
  Buffer forth_, back_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_FAKE_RELAY_H_

// http/fake_tls.h
//
// TLS for tests: certificates made on the spot, and a front that takes TLS off a plain server.
//
// Thread safety: SelfSigned is a value; FakeTls runs on a thread of its own.
#ifndef HEARTH_HTTP_FAKE_TLS_H_
#define HEARTH_HTTP_FAKE_TLS_H_

#include <memory>
#include <string>

namespace hearth::http {

// A key and a certificate for 127.0.0.1 and a.test that nobody has signed but itself.
struct SelfSigned {
  std::string key_pem, cert_pem;
  SelfSigned();
};

// Listens on 127.0.0.1 and hands what comes over TLS to a plain server on another port of it.
class FakeTls {
 public:
  struct Options {
    int backend_port = 0;
    std::string client_ca_pem;  // Clients must have a certificate signed by this; "" = need none.
    bool tls12_only = false;
  };
  FakeTls(const SelfSigned& identity, Options options);
  ~FakeTls();
  FakeTls(const FakeTls&) = delete;
  FakeTls& operator=(const FakeTls&) = delete;

  int port() const;
  std::string HostPort() const;  // "127.0.0.1:port"

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace hearth::http

#endif  // HEARTH_HTTP_FAKE_TLS_H_

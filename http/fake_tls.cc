#include "http/fake_tls.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <random>
#include <thread>

#include "http/fake_relay.h"

namespace hearth::http {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using Tcp = asio::ip::tcp;
using ErrorCode = boost::system::error_code;

namespace {

template <typename Write>
std::string Pem(Write write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  write(bio);
  char* data = nullptr;
  const long n = BIO_get_mem_data(bio, &data);  // NOLINT(google-runtime-int)
  std::string text(data, static_cast<size_t>(n));
  BIO_free(bio);
  return text;
}

}  // namespace

SelfSigned::SelfSigned() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const cert = X509_new();
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), std::random_device()());
  X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_version(cert, 2);
  X509_set_pubkey(cert, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("hearth test"), -1, -1, 0);
  X509_set_issuer_name(cert, X509_get_subject_name(cert));
  X509_EXTENSION* const names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1,DNS:a.test");
  X509_add_ext(cert, names, -1);
  X509_sign(cert, key, EVP_sha256());
  key_pem = Pem(
      [&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
  cert_pem = Pem([&](BIO* bio) { PEM_write_bio_X509(bio, cert); });
  X509_EXTENSION_free(names);
  X509_free(cert);
  EVP_PKEY_free(key);
}

class FakeTls::Impl {
 public:
  Impl(const SelfSigned& identity, Options options)
      : options_(std::move(options)),
        tls_(ssl::context::tls_server),
        acceptor_(io_, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        port_(acceptor_.local_endpoint().port()) {
    tls_.use_certificate_chain(asio::buffer(identity.cert_pem));
    tls_.use_private_key(asio::buffer(identity.key_pem), ssl::context::pem);
    if (!options_.client_ca_pem.empty()) {
      tls_.add_certificate_authority(asio::buffer(options_.client_ca_pem));
      tls_.set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    }
    if (options_.tls12_only) tls_.set_options(ssl::context::no_tlsv1_3);
    Accept();
    thread_ = std::thread([this] { io_.run(); });
  }
  ~Impl() {
    io_.stop();
    thread_.join();
  }
  int port() const { return port_; }

 private:
  using Stream = ssl::stream<Tcp::socket>;

  void Accept() {
    const auto client = std::make_shared<Stream>(io_, tls_);
    acceptor_.async_accept(client->lowest_layer(), [this, client](ErrorCode error) {
      if (error) return;
      client->async_handshake(ssl::stream_base::server, [this, client](ErrorCode refused) {
        if (!refused) Forward(client);
      });
      Accept();
    });
  }
  void Forward(const std::shared_ptr<Stream>& client) {
    const auto backend = std::make_shared<Tcp::socket>(io_);
    ErrorCode error;
    backend->connect(Tcp::endpoint(asio::ip::address_v4::loopback(),
                                   static_cast<uint16_t>(options_.backend_port)),
                     error);
    if (!error) std::make_shared<FakeRelay<Stream, Tcp::socket>>(client, backend)->Start();
  }

  const Options options_;
  asio::io_context io_;
  ssl::context tls_;
  Tcp::acceptor acceptor_;
  const int port_;
  std::thread thread_;
};

FakeTls::FakeTls(const SelfSigned& identity, Options options)
    : impl_(std::make_unique<Impl>(identity, std::move(options))) {}

FakeTls::~FakeTls() = default;

int FakeTls::port() const { return impl_->port(); }

std::string FakeTls::HostPort() const { return "127.0.0.1:" + std::to_string(port()); }

}  // namespace hearth::http

// http/message.h
//
// What the server and the client exchange with the rest of Hearth: plain values, no Beast.
//
// Thread safety: values; concurrent const use is safe.
#ifndef HEARTH_HTTP_MESSAGE_H_
#define HEARTH_HTTP_MESSAGE_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hearth::http {

// Header fields in the order in which they came or will be sent. Names compare without regard to
// case.
class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}

  // The first value, or "".
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  void Add(std::string_view name, std::string_view value);
  // Replaces all values.
  void Set(std::string_view name, std::string_view value);
  void Remove(std::string_view name);

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  bool empty() const { return fields_.empty(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

// Decoded parameters of a query string or of a form, repeated names kept in order.
class Params {
 public:
  Params() = default;
  Params(std::initializer_list<std::pair<std::string, std::string>> params) : params_(params) {}

  // The first value, or "".
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  std::vector<std::string_view> GetAll(std::string_view name) const;
  void Add(std::string name, std::string value) {
    params_.emplace_back(std::move(name), std::move(value));
  }

  auto begin() const { return params_.begin(); }
  auto end() const { return params_.end(); }
  bool empty() const { return params_.empty(); }
  size_t size() const { return params_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> params_;
};

struct Request {
  std::string method;  // "GET"; as sent.
  std::string target;  // Path and query as sent: "/api/v1/query?query=up".
  std::string path;    // Percent-decoded, without the query.
  Params query;        // Of the URL alone; forms are the business of handlers.
  Headers headers;
  std::string body;            // Not decompressed.
  std::string remote_address;  // "127.0.0.1:54321"
  bool takes_pieces = false;   // The answer may come with a BodySource.
  // True once the connection has gone, so that a long piece of work may stop. Never null in a
  // request that the server made.
  std::shared_ptr<const std::atomic<bool>> cancelled;
};

// The address without its port: who the client is, as far as one can tell.
std::string_view ClientOf(const Request& request);

// What comes behind the body of an answer, made while that is sent. A large answer so is never held
// as a whole.
//
// Thread safety: one user at a time. It is destroyed when all is sent or the client has gone, on
// any thread.
class BodySource {
 public:
  virtual ~BodySource() = default;
  // Replaces *piece by what comes next, not empty; its capacity may be kept. False: that was the
  // last.
  virtual bool Next(std::string* piece) = 0;
};

struct Response {
  int status = 200;
  Headers headers;   // Content-Length, Date and Connection are the server's to set.
  std::string body;  // Moved to the socket, never copied.
  // Lives until the answer has been sent or given up: what accounts for the body's memory.
  std::shared_ptr<const void> held = nullptr;
  // Only where the request takes_pieces. Its pieces are made by workers of the route's lane.
  std::shared_ptr<BodySource> rest = nullptr;

  static Response Text(int status, std::string body) {
    return Response{status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
  }
};

// "Not Found" for 404; "" for a number that HTTP does not name. 499 is "Client Closed Request".
std::string_view StatusText(int status);

// ASCII letters without regard to case.
bool EqualsIgnoreCase(std::string_view a, std::string_view b);

}  // namespace hearth::http

#endif  // HEARTH_HTTP_MESSAGE_H_

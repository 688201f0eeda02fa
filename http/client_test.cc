#include "http/client.h"

#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <random>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "http/gzip.h"
#include "http/server.h"

namespace hearth::http {
namespace {

namespace asio = boost::asio;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Tcp = asio::ip::tcp;

std::string Message(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

constexpr TimeMs kLong = 20'000;

class ClientTest : public testing::Test {
 protected:
  void Serve(std::function<Response(const Request&)> handle) {
    ServerOptions options;
    options.listen_addresses = {"127.0.0.1:0"};
    server_ = *Server::Start(options, [handle](const Request&) {
      return Dispatch{Lane::kQuery, 1 << 20, handle};
    });
  }
  std::string Url(std::string_view target) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + std::string(target);
  }
  absl::StatusOr<FetchResult> Get(std::string url) {
    return client_.FetchBlocking({.url = std::move(url), .timeout_ms = kLong});
  }

  IoThread io_;
  std::unique_ptr<Server> server_;
  Client client_{&io_};
};

// Answers each connection with fixed bytes, once it has seen a whole request header.
class CannedServer {
 public:
  explicit CannedServer(std::vector<std::string> answers)
      : acceptor_(context_, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        thread_([this, answers = std::move(answers)] {
          for (const std::string& answer : answers) {
            boost::system::error_code error;
            Tcp::socket socket = acceptor_.accept(error);
            if (error) return;
            std::string request;
            asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", error);
            asio::write(socket, asio::buffer(answer), error);
          }
        }) {}
  ~CannedServer() { thread_.join(); }
  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port()) + "/metrics"; }
  int port() const { return acceptor_.local_endpoint().port(); }

 private:
  asio::io_context context_;
  Tcp::acceptor acceptor_;
  std::thread thread_;
};

TEST_F(ClientTest, FetchesWithHeadersAndBody) {
  Serve([](const Request& request) {
    return Response::Text(201, request.method + " " + request.target + " " +
                                   std::string(request.headers.Get("X-A")) + " " + request.body);
  });
  const auto result = client_.FetchBlocking({.method = "POST",
                                             .url = Url("/p?q=1"),
                                             .headers = {{"X-A", "a"}},
                                             .body = "hello",
                                             .timeout_ms = kLong});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->status, 201);
  EXPECT_EQ(result->body, "POST /p?q=1 a hello");
  EXPECT_EQ(result->headers.Get("content-type"), "text/plain; charset=utf-8");
}

TEST_F(ClientTest, KeepsConnectionsAlive) {
  Serve([](const Request& request) { return Response::Text(200, request.remote_address); });
  const auto first = Get(Url("/")), second = Get(Url("/"));
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->body, second->body);
}

TEST_F(ClientTest, AKeptConnectionThatDiedIsReplaced) {
  Serve([](const Request& request) { return Response::Text(200, "a"); });
  const int port = server_->port();
  ASSERT_TRUE(Get(Url("/")).ok());
  server_->Stop(0);
  ServerOptions options;
  options.listen_addresses = {"127.0.0.1:" + std::to_string(port)};
  server_ = *Server::Start(options, [](const Request&) {
    return Dispatch{Lane::kInline, 0, [](const Request&) { return Response::Text(200, "b"); }};
  });
  const auto result = Get(Url("/"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->body, "b");
}

TEST_F(ClientTest, ErrorsReadAsInPrometheus) {
  Serve([](const Request&) { return Response::Text(500, ""); });
  const auto failed = Get(Url("/"));
  ASSERT_TRUE(failed.ok());
  EXPECT_EQ(Message(ExpectOk(*failed)), "server returned HTTP status 500 Internal Server Error");
  const std::string port = std::to_string(server_->port());
  server_->Stop(0);
  EXPECT_EQ(Message(Get("http://127.0.0.1:" + port + "/m?x=1").status()),
            "Get \"http://127.0.0.1:" + port + "/m?x=1\": dial tcp 127.0.0.1:" + port +
                ": connect: connection refused");
  EXPECT_THAT(
      Message(Get("http://no-such-host.invalid/").status()),
      StartsWith("Get \"http://no-such-host.invalid/\": dial tcp: lookup no-such-host.invalid: "));
  EXPECT_EQ(Get("gopher://x/").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ClientTest, TheDeadlineCoversTheWholeExchange) {
  std::promise<void> release;
  Serve([future = release.get_future().share()](const Request&) {
    future.wait();
    return Response{};
  });
  const auto result = client_.FetchBlocking({.url = Url("/slow"), .timeout_ms = 30});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Message(result.status()), "Get \"" + Url("/slow") + "\": context deadline exceeded");
  release.set_value();
}

TEST_F(ClientTest, InflatesGzipWithinTheLimit) {
  Serve([](const Request&) { return Response::Text(200, std::string(100'000, 'x')); });
  FetchRequest request{.url = Url("/"),
                       .headers = {{"Accept-Encoding", "gzip"}},
                       .timeout_ms = kLong,
                       .body_bytes_max = 100'000};
  auto result = client_.FetchBlocking(request);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->body, std::string(100'000, 'x'));
  EXPECT_LT(result->body_wire_bytes, 1000u);
  request.body_bytes_max = 99'999;
  result = client_.FetchBlocking(request);
  EXPECT_EQ(Message(result.status()), "body size limit exceeded");
  request.decode_body = false;
  result = client_.FetchBlocking(request);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->headers.Get("Content-Encoding"), "gzip");
}

TEST_F(ClientTest, RefusesBodiesBeyondTheLimit) {
  Serve([](const Request&) { return Response::Text(200, "12345"); });
  const auto result =
      client_.FetchBlocking({.url = Url("/"), .timeout_ms = kLong, .body_bytes_max = 4});
  EXPECT_EQ(result.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Message(result.status()), "body size limit exceeded");
}

TEST_F(ClientTest, FollowsRedirectsUnlessToldOtherwise) {
  Serve([](const Request& request) {
    if (request.path == "/end") return Response::Text(200, request.method + request.body);
    if (request.path == "/loop") return Response{302, {{"Location", "/loop"}}, ""};
    return Response{request.path == "/keep" ? 308 : 302, {{"Location", "/end"}}, ""};
  });
  const auto result = Get(Url("/a"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->body, "GET");
  EXPECT_EQ(result->url, Url("/end"));
  const auto kept = client_.FetchBlocking(
      {.method = "POST", .url = Url("/keep"), .body = "b", .timeout_ms = kLong});
  EXPECT_EQ(kept->body, "POSTb");
  const auto changed =
      client_.FetchBlocking({.method = "POST", .url = Url("/a"), .body = "b", .timeout_ms = kLong});
  EXPECT_EQ(changed->body, "GET");
  EXPECT_THAT(Message(Get(Url("/loop")).status()), HasSubstr("stopped after 10 redirects"));
  const auto stay =
      client_.FetchBlocking({.url = Url("/a"), .timeout_ms = kLong, .follow_redirects = false});
  EXPECT_EQ(stay->status, 302);
}

TEST_F(ClientTest, TheUserOfAUrlIsSentUnlessAHeaderSaysOtherwise) {
  Serve([](const Request& request) {
    if (request.path == "/away") {
      return Response{
          302,
          {{"Location", "http://localhost:" + std::string(request.headers.Get("X-Port")) + "/"}},
          ""};
    }
    if (request.path == "/near") return Response{302, {{"Location", "/"}}, ""};
    return Response::Text(200, std::string(request.headers.Get("Authorization")));
  });
  const std::string port = std::to_string(server_->port());
  const std::string url = "http://u:p%40ss@127.0.0.1:" + port;
  const auto body = [&](const std::string& path, Headers headers) {
    const auto result = client_.FetchBlocking(
        {.url = url + path, .headers = std::move(headers), .timeout_ms = kLong});
    return result.ok() ? result->body : std::string(Message(result.status()));
  };
  EXPECT_EQ(body("/", {}), "Basic dTpwQHNz");
  EXPECT_EQ(body("/near", {}), "Basic dTpwQHNz");
  EXPECT_EQ(body("/away", {{"X-Port", port}}), "");
  EXPECT_EQ(body("/", {{"Authorization", "Bearer t"}}), "Bearer t");
  server_->Stop(0);
  EXPECT_THAT(body("/x", {}),
              StartsWith("Get \"http://u:***@127.0.0.1:" + port + "/x\": dial tcp"));
}

TEST_F(ClientTest, AnswersWithoutALengthEndWithTheConnection) {
  CannedServer server({"HTTP/1.0 200 OK\r\n\r\nup 1\n"});
  const auto result = Get(server.Url());
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->body, "up 1\n");
}

TEST_F(ClientTest, BrokenAnswersAreErrors) {
  CannedServer server({"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "SSH-2.0-x\r\n\r\n",
                       "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
                       "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc"});
  EXPECT_THAT(Message(Get(server.Url()).status()), testing::EndsWith("\": EOF"));
  EXPECT_THAT(Message(Get(server.Url()).status()), testing::EndsWith("\": unexpected EOF"));
  EXPECT_THAT(Message(Get(server.Url()).status()), HasSubstr("malformed HTTP response"));
  EXPECT_THAT(Message(Get(server.Url()).status()), HasSubstr("gzip body of 3 bytes"));
  EXPECT_THAT(Message(Get(server.Url()).status()),
              HasSubstr("unsupported content encoding \"br\""));
}

TEST_F(ClientTest, DestructionEndsRunningFetches) {
  std::promise<void> entered, release;
  Serve([&, future = release.get_future().share()](const Request&) {
    entered.set_value();
    future.wait();
    return Response{};
  });
  absl::Status status;
  {
    Client client(&io_);
    client.Fetch({.url = Url("/"), .timeout_ms = kLong},
                 [&](absl::StatusOr<FetchResult> result) { status = result.status(); });
    entered.get_future().wait();
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  release.set_value();
}

TEST_F(ClientTest, ManyFetchesRunAtOnceOnOneThread) {
  Serve([](const Request& request) { return Response::Text(200, request.target); });
  constexpr int kFetches = 200;
  std::vector<std::promise<std::string>> bodies(kFetches);
  for (int i = 0; i < kFetches; ++i) {
    client_.Fetch({.url = Url("/" + std::to_string(i)), .timeout_ms = kLong},
                  [&bodies, i](absl::StatusOr<FetchResult> result) {
                    bodies[i].set_value(result.ok() ? result->body : Message(result.status()));
                  });
  }
  for (int i = 0; i < kFetches; ++i) {
    EXPECT_EQ(bodies[i].get_future().get(), "/" + std::to_string(i));
  }
}

TEST_F(ClientTest, SurvivesFuzzedAnswers) {
  const std::string seeds[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"};
  constexpr uint32_t kRuns = 1000;
  std::vector<std::string> answers;
  for (uint32_t seed = 0; seed < kRuns; ++seed) {
    std::mt19937 random(seed);
    std::string& answer = answers.emplace_back(seeds[random() % std::size(seeds)]);
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      answer[random() % answer.size()] = "\r\n \0\xff:9aH"[random() % 9];
    }
  }
  CannedServer server(std::move(answers));
  for (uint32_t seed = 0; seed < kRuns; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    const auto result = client_.FetchBlocking({.url = server.Url(),
                                               .timeout_ms = kLong,
                                               .body_bytes_max = 1000,
                                               .follow_redirects = false});
    ASSERT_TRUE(result.ok() ? result->body.size() <= 1000 : !Message(result.status()).empty());
    ASSERT_NE(result.status().code(), absl::StatusCode::kDeadlineExceeded);
  }
}

TEST_F(ClientTest, SpeaksThroughAUnixSocket) {
  using Local = asio::local::stream_protocol;
  // A socket's path is short, so not below the test's folder.
  const std::string path = "/tmp/hearth-client-test-" + std::to_string(::getpid());
  ::unlink(path.c_str());
  asio::io_context context;
  Local::acceptor acceptor(context, Local::endpoint(path));
  std::string request;
  std::thread server([&] {
    boost::system::error_code error;
    Local::socket socket = acceptor.accept(error);
    asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", error);
    asio::write(socket, asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")),
                error);
  });
  const auto result = client_.FetchBlocking(
      {.url = "http://docker/containers/json", .unix_socket = path, .timeout_ms = kLong});
  server.join();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->body, "ok");
  EXPECT_THAT(request, StartsWith("GET /containers/json HTTP/1.1\r\nHost: docker\r\n"));
  ::unlink(path.c_str());

  const auto gone =
      client_.FetchBlocking({.url = "http://docker/x", .unix_socket = path, .timeout_ms = kLong});
  EXPECT_EQ(Message(gone.status()),
            "Get \"http://docker/x\": dial unix " + path + ": connect: no such file or directory");
  const auto too_long = client_.FetchBlocking(
      {.url = "http://docker/x", .unix_socket = std::string(200, 's'), .timeout_ms = kLong});
  EXPECT_THAT(Message(too_long.status()), HasSubstr("path longer than 107 bytes"));
}

TEST_F(ClientTest, CloseEndsWhatRunsAndWhatComesLater) {
  Serve([](const Request& request) {
    while (!*request.cancelled) std::this_thread::yield();
    return Response::Text(200, "late");
  });
  auto running = std::async(std::launch::async, [&] { return Get(Url("/")).status(); });
  while (server_->connections() == 0) std::this_thread::yield();
  client_.Close();
  EXPECT_TRUE(absl::IsCancelled(running.get()));
  EXPECT_TRUE(absl::IsCancelled(Get(Url("/")).status()));
}

}  // namespace
}  // namespace hearth::http

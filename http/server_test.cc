#include "http/server.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <random>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "http/gzip.h"

namespace hearth::http {
namespace {

namespace asio = boost::asio;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Tcp = asio::ip::tcp;

// A client that sends bytes and reads bytes, so that tests see what is on the wire.
class RawClient {
 public:
  explicit RawClient(int port) : socket_(context_) {
    socket_.connect(Tcp::endpoint(asio::ip::address_v4::loopback(), static_cast<uint16_t>(port)));
  }
  void Send(std::string_view bytes) {
    boost::system::error_code ignored;  // The server may have closed already.
    asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), ignored);
  }
  // Until the server closes.
  std::string ReadAll() {
    boost::system::error_code end;
    asio::read(socket_, asio::dynamic_buffer(pending_), end);
    return std::exchange(pending_, {});
  }
  std::string ReadUntil(std::string_view mark) {
    boost::system::error_code error;
    const size_t n =
        asio::read_until(socket_, asio::dynamic_buffer(pending_), std::string(mark), error);
    std::string text = pending_.substr(0, n);
    pending_.erase(0, n);
    return text;
  }
  void Close() { socket_.close(); }

 private:
  asio::io_context context_;
  Tcp::socket socket_;
  std::string pending_;
};

std::string Exchange(int port, std::string_view request) {
  RawClient client(port);
  client.Send(request);
  return client.ReadAll();
}

Response Echo(const Request& request) {
  return Response::Text(200, request.method + " " + request.path + " " +
                                 std::string(request.query.Get("q")) + " [" + request.body + "]");
}

// Everything is echoed: /inline on the IO thread, the rest on a worker, with bodies up to 10 bytes.
Dispatch EchoDispatch(const Request& head) {
  return Dispatch{head.path == "/inline" ? Lane::kInline : Lane::kQuery, 10, Echo};
}

// The same, with bodies up to a megabyte.
Dispatch LargeEchoDispatch(const Request& head) { return Dispatch{Lane::kQuery, 1 << 20, Echo}; }

ServerOptions Loopback() {
  ServerOptions options;
  options.listen_addresses = {"127.0.0.1:0"};
  return options;
}

std::unique_ptr<Server> StartOrDie(ServerOptions options, Router router) {
  auto server = Server::Start(std::move(options), std::move(router));
  EXPECT_TRUE(server.ok()) << server.status();
  return *std::move(server);
}

TEST(ServerTest, AnswersInlineAndOnWorkers) {
  const auto server = StartOrDie(Loopback(), EchoDispatch);
  for (const std::string path : {"/inline", "/worker"}) {
    const std::string answer =
        Exchange(server->port(),
                 "GET " + path + "?q=a%20b+c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nGET " + path + " a b c []"));
  }
}

TEST(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  const auto server = StartOrDie(Loopback(), EchoDispatch);
  std::string requests;
  for (const char* path : {"/1", "/inline", "/3"}) {
    requests += std::string("POST ") + path + " HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
  }
  const std::string answer =
      Exchange(server->port(), requests + "GET /4 HTTP/1.1\r\nConnection: close\r\n\r\n");
  const size_t one = answer.find("POST /1  [ab]"), two = answer.find("POST /inline  [ab]"),
               three = answer.find("POST /3  [ab]"), four = answer.find("GET /4  []");
  EXPECT_LT(one, two);
  EXPECT_LT(two, three);
  EXPECT_LT(three, four);
  EXPECT_NE(four, std::string::npos);
}

TEST(ServerTest, HeadHasTheLengthAndNoBody) {
  const auto server = StartOrDie(Loopback(), EchoDispatch);
  const std::string answer =
      Exchange(server->port(), "HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 11\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n"));
}

TEST(ServerTest, RefusesBodiesBeyondTheRoutesLimit) {
  const auto server = StartOrDie(Loopback(), EchoDispatch);
  EXPECT_THAT(Exchange(server->port(), "POST / HTTP/1.1\r\nContent-Length: 4000000000\r\n\r\nx"),
              HasSubstr("413 Request Entity Too Large"));
  EXPECT_THAT(Exchange(server->port(),
                       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n"),
              HasSubstr("413 Request Entity Too Large"));
  EXPECT_THAT(Exchange(server->port(),
                       "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                       "4\r\n1234\r\n6\r\n567890\r\n0\r\n\r\n"),
              HasSubstr("[1234567890]"));
}

TEST(ServerTest, RefusesLargeAndMalformedHeaders) {
  ServerOptions options = Loopback();
  options.header_bytes_max = 1024;
  const auto server = StartOrDie(options, EchoDispatch);
  EXPECT_THAT(
      Exchange(server->port(), "GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n"),
      HasSubstr("431 Request Header Fields Too Large"));
  EXPECT_THAT(Exchange(server->port(), "GARBAGE\r\n\r\n"), HasSubstr("400 Bad Request"));
  EXPECT_THAT(Exchange(server->port(), "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
              HasSubstr("400 Bad Request"));
}

TEST(ServerTest, ExpectContinueAsksForTheBodyOrRefusesIt) {
  const auto server = StartOrDie(Loopback(), EchoDispatch);
  RawClient client(server->port());
  client.Send(
      "POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_THAT(client.ReadAll(), EndsWith("[abc]"));
  const std::string refused = Exchange(
      server->port(), "POST / HTTP/1.1\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(refused, HasSubstr("413"));
  EXPECT_THAT(refused, Not(HasSubstr("100 Continue")));
}

TEST(ServerTest, CompressesLargeAnswersForThoseWhoAccept) {
  const auto server = StartOrDie(Loopback(), [](const Request&) {
    return Dispatch{Lane::kQuery, 0,
                    [](const Request&) { return Response::Text(200, std::string(5000, 'x')); }};
  });
  const auto get = [&](const std::string& accept) {
    return Exchange(server->port(), "GET / HTTP/1.1\r\nAccept-Encoding: " + accept +
                                        "\r\nConnection: close\r\n\r\n");
  };
  const std::string answer = get("deflate, gzip;q=0.5");
  EXPECT_THAT(answer, HasSubstr("Content-Encoding: gzip\r\n"));
  std::string body;
  ASSERT_TRUE(GzipDecompress(answer.substr(answer.find("\r\n\r\n") + 4), 10000, &body).ok());
  EXPECT_EQ(body, std::string(5000, 'x'));
  EXPECT_THAT(get("identity, gzip;q=0"), EndsWith(std::string(5000, 'x')));
}

// Gives `pieces` pieces of `size` bytes: "aaa…", "bbb…" and so on.
class Letters : public BodySource {
 public:
  Letters(int pieces, size_t size, std::promise<int>* ended)
      : pieces_(pieces), size_(size), ended_(ended) {}
  ~Letters() override {
    if (ended_ != nullptr) ended_->set_value(made_);
  }
  bool Next(std::string* piece) override {
    piece->assign(size_, static_cast<char>('a' + made_ % 26));
    return ++made_ < pieces_;
  }
  static std::string Text(int pieces, size_t size) {
    std::string text;
    for (int i = 0; i < pieces; ++i) text.append(size, static_cast<char>('a' + i % 26));
    return text;
  }

 private:
  const int pieces_;
  const size_t size_;
  std::promise<int>* const ended_;
  int made_ = 0;
};

Router LettersOn(Lane lane, int pieces, size_t size, std::promise<int>* ended = nullptr) {
  return [=](const Request&) {
    return Dispatch{lane, 0, [=](const Request& request) {
                      if (!request.takes_pieces) return Response::Text(200, "whole");
                      Response response = Response::Text(200, "first ");
                      response.rest = std::make_shared<Letters>(pieces, size, ended);
                      return response;
                    }};
  };
}

// What the chunks of a message hold, "?" where they are malformed.
std::string Unchunked(std::string_view message) {
  std::string body;
  message.remove_prefix(message.find("\r\n\r\n") + 4);
  while (true) {
    const size_t end = message.find("\r\n");
    if (end == std::string_view::npos) return "?";
    const size_t size = std::stoul(std::string(message.substr(0, end)), nullptr, 16);
    message.remove_prefix(end + 2);
    if (message.size() < size + 2 || message.substr(size, 2) != "\r\n") return "?";
    body.append(message.substr(0, size));
    message.remove_prefix(size + 2);
    if (size == 0) return message.empty() ? body : "?";
  }
}

TEST(ServerTest, SendsPiecesWhileTheyAreMade) {
  for (const Lane lane : {Lane::kQuery, Lane::kInline}) {
    for (const int pieces : {1, 2, 50}) {
      const auto server = StartOrDie(Loopback(), LettersOn(lane, pieces, 100'000));
      const std::string answer =
          Exchange(server->port(), "GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
      EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
      EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
      EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
      EXPECT_TRUE(Unchunked(answer) == "first " + Letters::Text(pieces, 100'000)) << pieces;
    }
  }
}

TEST(ServerTest, AnswersFurtherRequestsBehindPieces) {
  const auto server = StartOrDie(Loopback(), LettersOn(Lane::kQuery, 3, 10));
  const std::string answers = Exchange(server->port(),
                                       "GET /1 HTTP/1.1\r\n\r\n"
                                       "GET /2 HTTP/1.1\r\nConnection: close\r\n\r\n");
  const size_t second = answers.find("HTTP/1.1 200", 1);
  ASSERT_NE(second, std::string::npos);
  for (const std::string& answer : {answers.substr(0, second), answers.substr(second)}) {
    EXPECT_EQ(Unchunked(answer), "first " + Letters::Text(3, 10));
  }
}

TEST(ServerTest, WhoCannotTakePiecesIsNotSentAny) {
  const auto server = StartOrDie(Loopback(), LettersOn(Lane::kQuery, 3, 10));
  for (const std::string request :
       {"GET / HTTP/1.0\r\n\r\n", "HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET / HTTP/1.1\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"}) {
    EXPECT_THAT(Exchange(server->port(), request), HasSubstr("Content-Length: 5\r\n")) << request;
  }
}

TEST(ServerTest, NoMorePiecesAreMadeForAClientThatHasGone) {
  constexpr int kPieces = 1'000'000;
  std::promise<int> ended;
  const auto server = StartOrDie(Loopback(), LettersOn(Lane::kQuery, kPieces, 100'000, &ended));
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\n\r\n");
  client.ReadUntil("first ");
  client.Close();
  auto made = ended.get_future();
  ASSERT_EQ(made.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_LT(made.get(), kPieces);
}

TEST(ServerTest, AVanishedClientCancelsItsRequest) {
  std::promise<void> entered, cancelled;
  const auto server = StartOrDie(Loopback(), [&](const Request&) {
    return Dispatch{Lane::kQuery, 0, [&](const Request& request) {
                      entered.set_value();
                      while (!request.cancelled->load()) std::this_thread::yield();
                      cancelled.set_value();
                      return Response{};
                    }};
  });
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\n\r\n");
  entered.get_future().wait();
  client.Close();
  EXPECT_EQ(cancelled.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST(ServerTest, StopLetsARunningRequestFinish) {
  std::promise<void> entered, release;
  const auto server = StartOrDie(Loopback(), [&](const Request&) {
    return Dispatch{Lane::kIngest, 0, [&](const Request&) {
                      entered.set_value();
                      release.get_future().wait();
                      return Response::Text(200, "done");
                    }};
  });
  RawClient idle(server->port()), client(server->port());
  client.Send("GET / HTTP/1.1\r\n\r\n");
  entered.get_future().wait();
  std::thread stopper([&] { server->Stop(20'000); });
  EXPECT_EQ(idle.ReadAll(), "");  // Closed at once: the stop has begun.
  release.set_value();
  const std::string answer = client.ReadAll();
  EXPECT_THAT(answer, EndsWith("done"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  stopper.join();
  EXPECT_EQ(server->connections(), 0);
}

TEST(ServerTest, StopCancelsWhatIsStillRunningAtTheDeadline) {
  std::promise<void> entered;
  const auto server = StartOrDie(Loopback(), [&](const Request&) {
    return Dispatch{Lane::kQuery, 0, [&](const Request& request) {
                      entered.set_value();
                      while (!request.cancelled->load()) std::this_thread::yield();
                      return Response{};
                    }};
  });
  RawClient client(server->port());
  client.Send("GET / HTTP/1.1\r\n\r\n");
  entered.get_future().wait();
  server->Stop(0);
  EXPECT_EQ(client.ReadAll(), "");
}

TEST(ServerTest, AcceptsNoMoreThanTheMaximumUntilOneCloses) {
  ServerOptions options = Loopback();
  options.connections_max = 1;
  const auto server = StartOrDie(options, EchoDispatch);
  auto first = std::make_unique<RawClient>(server->port());
  first->Send("GET /1 HTTP/1.1\r\n\r\n");
  EXPECT_THAT(first->ReadUntil("[]"), HasSubstr("/1"));
  RawClient second(server->port());
  second.Send("GET /2 HTTP/1.1\r\nConnection: close\r\n\r\n");
  first->Send("GET /3 HTTP/1.1\r\n\r\n");
  EXPECT_THAT(first->ReadUntil("[]"), HasSubstr("/3"));
  EXPECT_EQ(server->connections(), 1);
  first.reset();
  EXPECT_THAT(second.ReadAll(), HasSubstr("/2"));
}

TEST(ServerTest, ClosesConnectionsThatSendNothing) {
  ServerOptions options = Loopback();
  options.read_timeout_ms = 20;
  const auto server = StartOrDie(options, EchoDispatch);
  RawClient client(server->port());
  client.Send("GET / HT");
  EXPECT_EQ(client.ReadAll(), "");
}

TEST(ServerTest, ClosesConnectionsThatStayIdleAfterAnAnswer) {
  ServerOptions options = Loopback();
  options.read_timeout_ms = 20;
  const auto server = StartOrDie(options, EchoDispatch);
  RawClient client(server->port());
  client.Send("GET /once HTTP/1.1\r\n\r\n");
  EXPECT_THAT(client.ReadUntil("[]"), HasSubstr("/once"));
  EXPECT_EQ(client.ReadAll(), "");
}

TEST(ServerTest, ATakenPortIsOneClearError) {
  const auto first = StartOrDie(Loopback(), EchoDispatch);
  ServerOptions options;
  const std::string address = "127.0.0.1:" + std::to_string(first->port());
  options.listen_addresses = {"127.0.0.1:0", address};
  const auto second = Server::Start(options, EchoDispatch);
  ASSERT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(std::string(second.status().message().data(), second.status().message().size()),
            "listen tcp " + address + ": bind: address already in use");
}

TEST(ServerTest, ListensOnSeveralAddresses) {
  ServerOptions options;
  options.listen_addresses = {"127.0.0.1:0", "localhost:0"};
  const auto server = StartOrDie(options, EchoDispatch);
  EXPECT_NE(server->port(0), server->port(1));
  EXPECT_THAT(Exchange(server->port(0), "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"),
              HasSubstr("/a"));
}

TEST(ServerTest, SurvivesFuzzedRequests) {
  const auto server = StartOrDie(Loopback(), EchoDispatch);
  const std::string seeds[] = {
      "GET /x?q=1 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n",
      "POST / HTTP/1.1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nConnection: "
      "close\r\n\r\n3\r\nabc\r\n0\r\n\r\n"};
  for (uint32_t seed = 0; seed < 1000; ++seed) {
    std::mt19937 random(seed);
    std::string request = seeds[random() % std::size(seeds)];
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      request[random() % request.size()] = "\r\n \0\xff:9aG"[random() % 9];
    }
    RawClient client(server->port());
    client.Send(request);
    client.Close();
  }
  EXPECT_THAT(Exchange(server->port(), seeds[0]), HasSubstr("200 OK"));
}

TEST(ServerTest, LargeBodiesAreRefusedBeforeTheyAreReadWhenThereIsNoMemory) {
  ByteAccount bodies("--memory-limit", 300'000, nullptr, ByteAccount::Bound::kWhatIsLeft);
  ServerOptions options = Loopback();
  options.bodies = &bodies;
  const auto server = StartOrDie(std::move(options), LargeEchoDispatch);
  const auto post = [&](size_t bytes) {
    return Exchange(server->port(),
                    "POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                    "Content-Length: " +
                        std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'x'));
  };
  EXPECT_THAT(post(200'000), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(bodies.held(), 0);
  const std::string refused = post(400'000);
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 5"));
  EXPECT_THAT(refused, HasSubstr("that --memory-limit leaves"));
  EXPECT_EQ(bodies.held(), 0);
  bodies.SetMax(1);
  EXPECT_THAT(post(1000), StartsWith("HTTP/1.1 200")) << "small ones come to little";
}

}  // namespace
}  // namespace hearth::http

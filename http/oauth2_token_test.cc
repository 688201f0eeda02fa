// Tokens against a token server and an API that knows them, both on loopback.
#include "http/oauth2_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "http/server.h"
#include "model/fake_clock.h"
#include "model/mutex.h"

namespace hearth::http {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

constexpr TimeMs kLong = 20'000;

std::string Message(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

std::unique_ptr<Server> Serve(std::function<Response(const Request&)> handle) {
  return *Server::Start({.listen_addresses = {"127.0.0.1:0"}}, [handle](const Request&) {
    return Dispatch{Lane::kQuery, 1 << 20, handle};
  });
}

class OAuth2TokensTest : public testing::Test {
 protected:
  OAuth2TokensTest() {
    // Gives t1, t2, … to the client "me:s3", and notes what it was asked.
    token_server_ = Serve([this](const Request& request) {
      MutexLock lock(&mu_);
      asked_.push_back(std::string(request.headers.Get("Authorization")) + " " + request.body);
      if (held_.valid()) held_.wait();
      const bool known = request.headers.Get("Authorization") == "Basic bWU6czM=" ||
                         request.body.find("client_id=me&client_secret=s3") != std::string::npos;
      if (!known || (refuse_basic_ && request.headers.Has("Authorization"))) {
        return Response{
            401, {{"Content-Type", "application/json"}}, R"({"error":"invalid_client"})"};
      }
      const std::string token = "t" + std::to_string(++made_);
      valid_ = {"Bearer " + token};
      return Response{200,
                      {{"Content-Type", "application/json"}},
                      R"({"access_token":")" + token + R"(","token_type":"bearer","expires_in":)" +
                          std::to_string(lifetime_s_) + "}"};
    });
    // Answers with the token that it was shown, while that is valid.
    api_ = Serve([this](const Request& request) {
      MutexLock lock(&mu_);
      const std::string shown(request.headers.Get("Authorization"));
      return Response::Text(valid_.count(shown) > 0 ? 200 : 401, shown);
    });
    options_.token_url = "http://127.0.0.1:" + std::to_string(token_server_->port()) + "/token";
    options_.client_id = "me";
    options_.client_secret = [this] { return secret_; };
  }

  void MakeClient() {
    client_ = std::make_unique<Client>(&io_, nullptr, ClientOptions{},
                                       std::make_unique<OAuth2Tokens>(&io_, options_, &clock_));
  }
  FetchRequest ApiRequest() const {
    return {.url = "http://127.0.0.1:" + std::to_string(api_->port()) + "/", .timeout_ms = kLong};
  }
  // What the API answers, or the error.
  std::string Get() {
    if (client_ == nullptr) MakeClient();
    const auto result = client_->FetchBlocking(ApiRequest());
    if (!result.ok()) return Message(result.status());
    return std::to_string(result->status) + " " + result->body;
  }
  std::vector<std::string> Asked() {
    MutexLock lock(&mu_);
    return asked_;
  }

  IoThread io_;
  FakeClock clock_{1'000'000};
  OAuth2Options options_;
  absl::StatusOr<std::string> secret_ = "s3";
  Mutex mu_;
  std::vector<std::string> asked_ GUARDED_BY(mu_);
  std::set<std::string> valid_ GUARDED_BY(mu_);
  std::shared_future<void> held_;
  int made_ = 0;
  int lifetime_s_ = 60;
  bool refuse_basic_ = false;
  std::unique_ptr<Server> token_server_, api_;
  std::unique_ptr<Client> client_;
};

TEST_F(OAuth2TokensTest, ATokenIsKeptUntilShortlyBeforeItExpires) {
  EXPECT_EQ(Get(), "200 Bearer t1");
  EXPECT_EQ(Get(), "200 Bearer t1");
  clock_.Advance(49'999);
  EXPECT_EQ(Get(), "200 Bearer t1");
  clock_.Advance(1);
  EXPECT_EQ(Get(), "200 Bearer t2");
  EXPECT_THAT(Asked(), ElementsAre("Basic bWU6czM= grant_type=client_credentials",
                                   "Basic bWU6czM= grant_type=client_credentials"));
}

TEST_F(OAuth2TokensTest, WithoutALifetimeItIsKept) {
  lifetime_s_ = 0;
  EXPECT_EQ(Get(), "200 Bearer t1");
  clock_.Advance(TimeMs{1'000'000'000'000});
  EXPECT_EQ(Get(), "200 Bearer t1");
}

TEST_F(OAuth2TokensTest, ScopesAndParametersAreInTheForm) {
  options_.scopes = {"read", "a&b"};
  options_.endpoint_params = {{"audience", "https://x"}, {"grant_type", "other"}};
  EXPECT_EQ(Get(), "200 Bearer t1");
  EXPECT_THAT(Asked(), ElementsAre("Basic bWU6czM= audience=https%3A%2F%2Fx&grant_type=other&"
                                   "scope=read%20a%26b"));
  options_.endpoint_params = {{"scope", "x"}};
  MakeClient();
  EXPECT_THAT(Get(), EndsWith("\": oauth2: cannot overwrite parameter \"scope\""));
}

TEST_F(OAuth2TokensTest, ARefusedTokenIsReplacedWithinTheRequest) {
  EXPECT_EQ(Get(), "200 Bearer t1");
  {
    MutexLock lock(&mu_);
    valid_.clear();
  }
  EXPECT_EQ(Get(), "200 Bearer t2");
  EXPECT_EQ(Asked().size(), 2u);
}

TEST_F(OAuth2TokensTest, ANewTokenThatIsRefusedIsNotTriedTwice) {
  api_ = Serve([](const Request&) { return Response::Text(401, "no"); });
  EXPECT_EQ(Get(), "401 no");
  EXPECT_EQ(Asked().size(), 1u);
  EXPECT_EQ(Get(), "401 no") << "the refused token has been dropped";
  EXPECT_EQ(Asked().size(), 2u);
}

TEST_F(OAuth2TokensTest, TheFormIsTriedWhenBasicIsRefused) {
  refuse_basic_ = true;
  lifetime_s_ = 5;  // Shorter than the margin: a token for each request.
  EXPECT_EQ(Get(), "200 Bearer t1");
  EXPECT_EQ(Get(), "200 Bearer t2");
  const std::string form = " client_id=me&client_secret=s3&grant_type=client_credentials";
  EXPECT_THAT(Asked(), ElementsAre("Basic bWU6czM= grant_type=client_credentials", form, form));
}

TEST_F(OAuth2TokensTest, AnotherSecretMakesAnotherToken) {
  secret_ = "wrong";
  EXPECT_THAT(Get(), EndsWith("/\": oauth2: \"invalid_client\""));
  secret_ = "s3";
  EXPECT_EQ(Get(), "200 Bearer t1");
  secret_ = "changed";
  EXPECT_THAT(Get(), HasSubstr("oauth2: \"invalid_client\""));
  secret_ = absl::NotFoundError("unable to read file /secret");
  EXPECT_THAT(Get(), EndsWith("/\": oauth2: unable to read file /secret"));
}

TEST_F(OAuth2TokensTest, RequestsThatComeTogetherShareOneToken) {
  std::promise<void> release;
  held_ = release.get_future().share();
  MakeClient();
  constexpr int kRequests = 20;
  std::vector<std::promise<int>> statuses(kRequests);
  for (auto& status : statuses) {
    client_->Fetch(ApiRequest(), [&status](absl::StatusOr<FetchResult> result) {
      status.set_value(result.ok() ? result->status : 0);
    });
  }
  release.set_value();
  for (auto& status : statuses) EXPECT_EQ(status.get_future().get(), 200);
  EXPECT_EQ(Asked().size(), 1u);
}

TEST_F(OAuth2TokensTest, TheDeadlineOfTheRequestHoldsForTheTokenToo) {
  std::promise<void> release;
  held_ = release.get_future().share();
  MakeClient();
  FetchRequest request = ApiRequest();
  request.timeout_ms = 30;
  EXPECT_EQ(client_->FetchBlocking(request).status().code(), absl::StatusCode::kDeadlineExceeded);
  std::promise<absl::Status> ended;
  client_->Fetch(ApiRequest(),
                 [&](absl::StatusOr<FetchResult> result) { ended.set_value(result.status()); });
  client_.reset();  // Does not wait for the token.
  EXPECT_TRUE(absl::IsCancelled(ended.get_future().get()));
  release.set_value();
}

TEST_F(OAuth2TokensTest, ATokenServerThatIsGoneIsNamed) {
  const std::string address = "127.0.0.1:" + std::to_string(token_server_->port());
  token_server_.reset();
  EXPECT_THAT(Get(), EndsWith("/\": oauth2: cannot fetch token: Post \"http://" + address +
                              "/token\": dial tcp " + address + ": connect: connection refused"));
}

std::string Parsed(int status, std::string type, std::string body) {
  FetchResult answer;
  answer.status = status;
  answer.headers.Set("Content-Type", type);
  answer.body = std::move(body);
  const auto token = ParseOAuth2Token(answer);
  if (!token.ok()) return Message(token.status());
  return token->authorization + " " + std::to_string(token->lifetime_ms.value_or(-1));
}

TEST(ParseOAuth2TokenTest, ReadsJsonAndForms) {
  const std::string json = "application/json; charset=utf-8";
  EXPECT_EQ(Parsed(200, json, R"({"access_token":"a","expires_in":1.5})"), "Bearer a 1500");
  EXPECT_EQ(Parsed(201, "", R"({"access_token":"a","token_type":"mac","expires_in":"7"})"),
            "MAC a 7000");
  EXPECT_EQ(Parsed(200, json, R"({"access_token":"a","token_type":"Own","expires_in":-1})"),
            "Own a -1");
  EXPECT_EQ(Parsed(200, json, R"({"access_token":"a","expires_in":1e300})"),
            "Bearer a 1000000000000");
  EXPECT_EQ(Parsed(200, "application/x-www-form-urlencoded", "access_token=a%2Bb&expires_in=3"),
            "Bearer a+b 3000");
}

TEST(ParseOAuth2TokenTest, SaysWhatIsWrong) {
  const std::string json = "application/json";
  EXPECT_EQ(Parsed(200, json, "{}"), "oauth2: server response missing access_token");
  EXPECT_EQ(Parsed(200, json, "[1]"), "oauth2: cannot parse json: no object");
  EXPECT_EQ(Parsed(200, json, "{"), "oauth2: cannot parse json: no object");
  EXPECT_EQ(Parsed(200, json, std::string(500'000, '[')), "oauth2: cannot parse json: no object");
  EXPECT_EQ(Parsed(503, json, ""), "oauth2: cannot fetch token: 503 Service Unavailable");
  EXPECT_EQ(
      Parsed(500, "text/html", "<\n\xff>" + std::string(1000, 'x')),
      "oauth2: cannot fetch token: 500 Internal Server Error: <\?\?>" + std::string(196, 'x'));
  EXPECT_EQ(Parsed(400, json, R"({"error":"invalid_scope","error_description":"no"})"),
            "oauth2: \"invalid_scope\" \"no\"");
  EXPECT_EQ(Parsed(200, json, R"({"access_token":"a\r\nX-Evil: 1"})"),
            "oauth2: the token has characters that no header may have");
}

}  // namespace
}  // namespace hearth::http

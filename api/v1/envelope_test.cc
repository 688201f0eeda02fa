#include "api/v1/envelope.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace hearth {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(EnvelopeTest, SuccessWithoutAnnotationsHasOnlyItsData) {
  Envelope envelope;
  envelope.data().Int(7);
  const http::Response response = envelope.Finish();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.headers.Get("Content-Type"), "application/json");
  EXPECT_EQ(response.body, R"({"status":"success","data":7})");
}

TEST(EnvelopeTest, AnnotationsAreCappedAtTenOfEachKind) {
  Envelope envelope;
  envelope.data().Null();
  std::vector<std::string> warnings(13, "w");
  const std::string body = envelope.Finish(warnings, {"i"}).body;
  EXPECT_THAT(body, HasSubstr(R"("w","3 more warning annotations omitted"],"infos":["i"]})"));
  EXPECT_THAT(body, Not(HasSubstr(R"("w","w","w","w","w","w","w","w","w","w","w")")));
}

TEST(EnvelopeTest, EachCodeHasItsErrorTypeAndStatus) {
  const auto answer = [](absl::Status status) {
    const http::Response response = ErrorResponse(status);
    return std::to_string(response.status) + " " + response.body;
  };
  EXPECT_EQ(answer(absl::InvalidArgumentError("1:1: \"x\"")),
            R"(400 {"status":"error","errorType":"bad_data","error":"1:1: \"x\""})");
  const auto expect = [&](absl::Status status, int http_status, std::string_view type) {
    EXPECT_EQ(answer(status), std::to_string(http_status) + R"( {"status":"error","errorType":")" +
                                  std::string(type) + R"(","error":"e"})");
  };
  expect(absl::FailedPreconditionError("e"), 422, "execution");
  expect(absl::ResourceExhaustedError("e"), 422, "execution");
  expect(absl::CancelledError("e"), 499, "canceled");
  expect(absl::DeadlineExceededError("e"), 503, "timeout");
  expect(absl::InternalError("e"), 500, "internal");
  expect(absl::NotFoundError("e"), 404, "not_found");
  expect(absl::UnavailableError("e"), 500, "unavailable");
  expect(absl::AbortedError("e"), 503, "unavailable");
  expect(absl::DataLossError("e"), 500, "internal");
}

}  // namespace
}  // namespace hearth

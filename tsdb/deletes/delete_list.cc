#include "tsdb/deletes/delete_list.h"

#include <cstdint>
#include <utility>

#include "tsdb/wal/coding.h"

namespace hearth {
namespace {

// Persisted: values must not be renumbered.
struct OpCode {
  MatchOp op;
  uint8_t code;
};
constexpr OpCode kOpCodes[] = {
    {MatchOp::kEqual, 1}, {MatchOp::kNotEqual, 2}, {MatchOp::kRegex, 3}, {MatchOp::kNotRegex, 4}};

std::optional<Matcher> DecodeMatcher(ByteReader* in) {
  uint8_t code;
  std::string_view name, value;
  if (!in->Fixed(&code) || !in->Bytes(&name) || !in->Bytes(&value)) return std::nullopt;
  for (const OpCode& row : kOpCodes) {
    if (row.code != code) continue;
    absl::StatusOr<Matcher> matcher = Matcher::Create(row.op, name, value);
    if (matcher.ok()) return *std::move(matcher);
  }
  return std::nullopt;
}

}  // namespace

std::string EncodeDeleteRecord(const DeleteRecord& record) {
  std::string payload;
  PutSigned(record.range.mint, &payload);
  PutSigned(record.range.maxt, &payload);
  PutVarint(record.matchers.size(), &payload);
  for (const Matcher& matcher : record.matchers) {
    for (const OpCode& row : kOpCodes) {
      if (row.op == matcher.op()) PutFixed(row.code, &payload);
    }
    PutBytes(matcher.name(), &payload);
    PutBytes(matcher.value(), &payload);
  }
  return payload;
}

std::optional<DeleteRecord> DecodeDeleteRecord(Lsn lsn, std::string_view payload) {
  ByteReader in(payload);
  DeleteRecord record{.lsn = lsn};
  uint64_t count;
  if (!in.Signed(&record.range.mint) || !in.Signed(&record.range.maxt) || !in.Varint(&count)) {
    return std::nullopt;
  }
  // A damaged count ends with the bytes: each matcher takes some.
  for (uint64_t i = 0; i < count; ++i) {
    std::optional<Matcher> matcher = DecodeMatcher(&in);
    if (!matcher) return std::nullopt;
    record.matchers.push_back(*std::move(matcher));
  }
  // Without a matcher it would delete everything.
  if (!in.empty() || record.matchers.empty() || record.range.empty()) return std::nullopt;
  return record;
}

}  // namespace hearth

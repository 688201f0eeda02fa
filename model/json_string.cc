#include "model/json_string.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "model/labels.h"

namespace hearth {
namespace {

// Printable ASCII that stands for itself.
bool IsPlain(uint8_t c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

// The same for eight characters at once; the usual arithmetic to find a zero byte in a word.
bool ArePlain(uint64_t word) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = kOnes * 0x80;
  const auto zero_bytes = [](uint64_t w) { return (w - kOnes) & ~w; };
  const uint64_t controls = (word - kOnes * 0x20) & ~word;
  // Each pair differs in one bit, which is masked away.
  const uint64_t quote_or_ampersand = zero_bytes((word & ~(kOnes * 0x04)) ^ kOnes * '"');
  const uint64_t less_or_greater = zero_bytes((word & ~(kOnes * 0x02)) ^ kOnes * '<');
  const uint64_t backslash = zero_bytes(word ^ kOnes * '\\');
  return ((word | controls | quote_or_ampersand | less_or_greater | backslash) & kHighs) == 0;
}
static_assert(('"' | 0x04) == '&' && ('<' | 0x02) == '>');

void AppendUnicodeEscape(unsigned code, std::string* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out->append("\\u");
  for (int shift = 12; shift >= 0; shift -= 4) out->push_back(kHex[code >> shift & 15]);
}

void AppendAsciiEscape(char c, std::string* out) {
  switch (c) {
    case '"':
    case '\\':
      out->push_back('\\');
      out->push_back(c);
      break;
    case '\n':
      out->append("\\n");
      break;
    case '\r':
      out->append("\\r");
      break;
    case '\t':
      out->append("\\t");
      break;
    default:
      AppendUnicodeEscape(static_cast<uint8_t>(c), out);
  }
}

// The length of the valid UTF-8 sequence of two or more bytes at the front of `s`; 0 when there is
// none.
size_t MultibyteLength(std::string_view s) {
  for (size_t n = 2; n <= 4 && n <= s.size(); ++n) {
    if (IsValidUtf8(s.substr(0, n))) return n;
  }
  return 0;
}

}  // namespace

size_t PlainLength(std::string_view s) {
  size_t n = 0;
  for (uint64_t word; n + sizeof(word) <= s.size(); n += sizeof(word)) {
    std::memcpy(&word, s.data() + n, sizeof(word));
    if (!ArePlain(word)) break;
  }
  while (n < s.size() && IsPlain(static_cast<uint8_t>(s[n]))) ++n;
  return n;
}

void AppendJsonString(std::string_view s, std::string* out) {
  out->push_back('"');
  while (!s.empty()) {
    const size_t plain = PlainLength(s);
    out->append(s.substr(0, plain));
    s.remove_prefix(plain);
    if (s.empty()) break;
    if (static_cast<uint8_t>(s.front()) < 0x80) {
      AppendAsciiEscape(s.front(), out);
      s.remove_prefix(1);
      continue;
    }
    const size_t length = MultibyteLength(s);
    const std::string_view sequence = s.substr(0, length);
    if (length == 0) {
      out->append("\\ufffd");
    } else if (sequence == "\xe2\x80\xa8" || sequence == "\xe2\x80\xa9") {
      AppendUnicodeEscape(sequence.back() == '\xa8' ? 0x2028 : 0x2029, out);
    } else {
      out->append(sequence);
    }
    s.remove_prefix(std::max<size_t>(length, 1));
  }
  out->push_back('"');
}

}  // namespace hearth

// scrape/exposition/name_bytes.h
//
// Which bytes names, blanks and numbers are made of, in the formats of lines.
//
// Thread safety: pure functions.
#ifndef HEARTH_SCRAPE_EXPOSITION_NAME_BYTES_H_
#define HEARTH_SCRAPE_EXPOSITION_NAME_BYTES_H_

#include <array>
#include <cstdint>

namespace hearth::exposition {

// What a byte may be part of.
enum : uint8_t { kNameStart = 1, kNameRest = 2, kDigit = 4 };

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> classes{};
  for (int c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 'a' + 'A'] = kNameStart | kNameRest;
  for (int c = '0'; c <= '9'; ++c) classes[c] = kNameRest | kDigit;
  classes['_'] = classes[':'] = kNameStart | kNameRest;
  return classes;
}
inline constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

inline bool Is(char c, uint8_t mask) { return (kClasses[static_cast<uint8_t>(c)] & mask) != 0; }
inline bool IsBlank(char c) { return c == ' ' || c == '\t'; }

inline const char* SkipBlanks(const char* p, const char* end) {
  while (p < end && IsBlank(*p)) ++p;
  return p;
}

// The end of the bare name that starts at `p`; `p` when none does.
inline const char* NameEnd(const char* p, const char* end) {
  if (p == end || !Is(*p, kNameStart)) return p;
  while (p < end && Is(*p, kNameRest)) ++p;
  return p;
}

}  // namespace hearth::exposition

#endif  // HEARTH_SCRAPE_EXPOSITION_NAME_BYTES_H_

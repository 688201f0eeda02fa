#include "scrape/exposition/exposition_parser.h"

#include "scrape/exposition/name_bytes.h"

namespace hearth {

using exposition::IsBlank;

bool ExpositionParser::SeriesEndsAt(std::string_view unread, size_t length) {
  if (length >= unread.size() || !IsBlank(unread[length])) return false;
  if (unread[length - 1] == '}') return true;
  // A bare name may still be followed by its labels.
  do {
    ++length;
  } while (length < unread.size() && IsBlank(unread[length]));
  return length == unread.size() || unread[length] != '{';
}

}  // namespace hearth

// scrape/exposition/media_type.h
//
// Reads the media type of a Content-Type header, as strictly as Go's mime.ParseMediaType.
//
// Thread safety: pure function.
#ifndef HEARTH_SCRAPE_EXPOSITION_MEDIA_TYPE_H_
#define HEARTH_SCRAPE_EXPOSITION_MEDIA_TYPE_H_

#include <optional>
#include <string>
#include <string_view>

namespace hearth {

// "text/plain" of `Text/Plain; version="0.0.4"`; nothing when the header is malformed.
std::optional<std::string> ParseMediaType(std::string_view content_type);

}  // namespace hearth

#endif  // HEARTH_SCRAPE_EXPOSITION_MEDIA_TYPE_H_

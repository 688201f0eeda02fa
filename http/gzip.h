// http/gzip.h
//
// gzip of whole bodies, by libdeflate, which is two to three times faster than zlib and needs the
// whole input, which we have.
//
// Thread safety: pure functions.
#ifndef HEARTH_HTTP_GZIP_H_
#define HEARTH_HTTP_GZIP_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace hearth::http {

// Replaces *out by the gzip form of `data`. Level 1 (fast) to 12.
void GzipCompress(std::string_view data, int level, std::string* out);

// Replaces *out (whose capacity is reused) by the inflated form of `data`, which is one gzip member
// or several in a row. The output buffer grows with what is really inflated, never beyond
// `max_bytes`, whatever the input declares. kResourceExhausted: more than `max_bytes`;
// kInvalidArgument: not gzip, truncated, wrong checksum. *out is unspecified then.
absl::Status GzipDecompress(std::string_view data, size_t max_bytes, std::string* out);

}  // namespace hearth::http

#endif  // HEARTH_HTTP_GZIP_H_

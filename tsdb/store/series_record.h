// tsdb/store/series_record.h
//
// The value of a series key: the labels of a series, with enough of their fingerprint to tell
// damage. docs/format/store_keys.md.
//
// Thread safety: pure functions.
#ifndef HEARTH_TSDB_STORE_SERIES_RECORD_H_
#define HEARTH_TSDB_STORE_SERIES_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/labels.h"

namespace hearth {

// Appends the record in the present format.
void EncodeSeriesRecord(const Fingerprint& fingerprint, LabelsView labels, std::string* out);

// The labels of a record in `format`, pointing into it, and their fingerprint. Nothing when the
// record is damaged.
std::optional<LabelsView> DecodeSeriesRecord(uint32_t format, std::string_view record,
                                             Fingerprint* fingerprint);

}  // namespace hearth

#endif  // HEARTH_TSDB_STORE_SERIES_RECORD_H_

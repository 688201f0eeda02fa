// query/notation/histogram_text.h
//
// Native histograms as text: as scripts and rule tests write them, and as Prometheus shows them.
// series_line.h reads the former.
//
// Thread safety: pure functions.
#ifndef HEARTH_QUERY_NOTATION_HISTOGRAM_TEXT_H_
#define HEARTH_QUERY_NOTATION_HISTOGRAM_TEXT_H_

#include <string>

#include "model/histogram.h"

namespace hearth::promql {

// `{{schema:1 count:3 sum:4.5 offset:-1 buckets:[1 2]}}`: canonical, so histograms whose texts are
// equal have the same schema, numbers, hint and populated buckets. Empty buckets around those that
// are not are left out, and so is every key that has its default. Reads back to such a histogram,
// but where more than 1000 empty buckets lie between two others: they are written as `0x4711`,
// which the language does not have, lest the text grow without bound.
std::string HistogramLiteralText(const Histogram& histogram);

// `{count:3, sum:4.5, (0.5,0.7071067811865476]:1, (0.7071067811865476,1]:2}`, as in a matrix.
std::string HistogramText(const Histogram& histogram);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_NOTATION_HISTOGRAM_TEXT_H_

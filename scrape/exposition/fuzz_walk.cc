#include "scrape/exposition/fuzz_walk.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "model/sample.h"
#include "scrape/exposition/formats.h"

namespace hearth {
namespace {

using Entry = ExpositionParser::Entry;

struct Line {
  std::string series;
  double value = 0;
  std::optional<TimeMs> t;
};

void Require(bool holds) {
  if (!holds) std::abort();
}

// Reads the present sample. False on an error.
bool ReadSample(ExpositionParser* parser, const Line* known) {
  const bool recognised = known != nullptr &&
                          parser->unread().substr(0, known->series.size()) == known->series &&
                          ExpositionParser::SeriesEndsAt(parser->unread(), known->series.size());
  if (recognised) {
    parser->SkipSeries(known->series.size());
  } else if (!parser->ScanSeries()) {
    return false;
  }
  if (!parser->ReadValue()) return false;
  LabelsBuilder labels;
  std::vector<std::string> empty_names;
  if (!parser->AppendLabels(&labels, &empty_names)) return false;
  Exemplar exemplar;
  return !parser->has_exemplar() || parser->ReadExemplar(1, &exemplar);
}

// Walks the body; the samples before the first error go to *lines.
void Walk(const ExpositionFormat& format, std::string_view body, const std::vector<Line>* known,
          std::vector<Line>* lines) {
  const std::unique_ptr<ExpositionParser> parser = format.parse(body, {.start_times = true});
  bool good = true;
  Entry entry = parser->Next();
  for (; good && entry != Entry::kEnd && entry != Entry::kError; entry = parser->Next()) {
    if (entry == Entry::kHelp) (void)parser->Help();
    if (entry != Entry::kSample) continue;
    const size_t i = lines->size();
    good = ReadSample(parser.get(), known != nullptr && i < known->size() ? &(*known)[i] : nullptr);
    if (good) {
      lines->push_back({std::string(parser->series()), parser->value(), parser->timestamp()});
    }
  }
  const bool failed = !good || entry == Entry::kError;
  Require(failed == !parser->status().ok());
  Require(parser->Next() == (failed ? Entry::kError : Entry::kEnd));
}

}  // namespace

void FuzzWalk(std::string_view protocol, const uint8_t* data, size_t size) {
  const ExpositionFormat* const format = FindFormat(protocol);
  Require(format != nullptr);
  // A heap copy of the exact size, so that ASan sees a read past the end.
  const std::vector<char> exact(data, data + size);
  const std::string_view body(exact.data(), exact.size());
  std::vector<Line> scanned, skipped;
  Walk(*format, body, nullptr, &scanned);
  Walk(*format, body, &scanned, &skipped);
  Require(scanned.size() == skipped.size());
  for (size_t i = 0; i < scanned.size(); ++i) {
    Require(scanned[i].series == skipped[i].series && scanned[i].t == skipped[i].t &&
            SameBits(scanned[i].value, skipped[i].value));
  }
}

}  // namespace hearth

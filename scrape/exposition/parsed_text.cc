#include "scrape/exposition/parsed_text.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "model/text.h"

namespace hearth {
namespace {

using Entry = ExpositionParser::Entry;

bool AppendSample(ExpositionParser* parser, std::string* out) {
  LabelsBuilder labels;
  if (!parser->ScanSeries() || !parser->ReadValue() || !parser->AppendLabels(&labels)) return false;
  StrAppend(out, labels.Build().ToString(), " ", parser->value());
  if (parser->timestamp()) StrAppend(out, " @", *parser->timestamp());
  if (const TimeMs start = parser->StartTime(); start != 0) StrAppend(out, " since ", start);
  if (parser->has_exemplar()) {
    Exemplar exemplar;
    if (!parser->ReadExemplar(1, &exemplar)) return false;
    StrAppend(out, " # ", exemplar.labels.ToString(), " ", exemplar.value, " @", exemplar.t);
  }
  out->push_back('\n');
  return true;
}

}  // namespace

std::string ParsedText(ExpositionParser* parser) {
  std::string out;
  for (Entry entry = parser->Next(); entry != Entry::kEnd; entry = parser->Next()) {
    bool good = false;
    if (entry == Entry::kType) {
      StrAppend(&out, "TYPE ", parser->family(), " ", MetricTypeName(parser->type()), "\n");
      good = true;
    } else if (entry == Entry::kHelp) {
      StrAppend(&out, "HELP ", parser->family(), " ", parser->Help(), "\n");
      good = true;
    } else if (entry == Entry::kUnit) {
      StrAppend(&out, "UNIT ", parser->family(), " ", parser->text(), "\n");
      good = true;
    } else if (entry == Entry::kSample) {
      std::string line;
      good = AppendSample(parser, &line);
      if (good) out += line;
    }
    if (!good) return StrCat(out, "error: ", FromAbsl(parser->status().message()));
  }
  return out;
}

std::vector<UpstreamExposition> UpstreamExpositions(std::string_view suffix) {
  namespace fs = std::filesystem;
  const char* const shared = std::getenv("HEARTH_SHARED");
  const fs::path folder =
      fs::path(shared == nullptr ? "../shared" : shared) / "conformance" / "textparse";
  std::vector<UpstreamExposition> expositions;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.find(suffix) == std::string::npos) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    expositions.push_back({name, std::string(std::istreambuf_iterator<char>(in), {})});
  }
  return expositions;
}

}  // namespace hearth

#include "scrape/exposition/formats.h"

#include "model/text.h"
#include "scrape/exposition/media_type.h"
#include "scrape/exposition/open_metrics_parser.h"
#include "scrape/exposition/protobuf_parser.h"
#include "scrape/exposition/text_parser.h"

namespace hearth {
namespace {

template <typename Parser>
std::unique_ptr<ExpositionParser> Parse(std::string_view body, const ParseOptions& options) {
  return std::make_unique<Parser>(body, options);
}

constexpr std::string_view kText = "text/plain";
constexpr std::string_view kOpenMetrics = "application/openmetrics-text";
constexpr std::string_view kProtobuf = "application/vnd.google.protobuf";

constexpr ExpositionFormat kFormats[] = {
    {.protocol = "OpenMetricsText0.0.1",
     .accept = "application/openmetrics-text;version=0.0.1",
     .media_type = kOpenMetrics,
     .parse = &Parse<OpenMetricsParser>},
    {.protocol = "OpenMetricsText1.0.0",
     .accept = "application/openmetrics-text;version=1.0.0",
     .media_type = kOpenMetrics,
     .negotiates_escaping = true,
     .parse = &Parse<OpenMetricsParser>},
    {.protocol = "PrometheusProto",
     .accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
               "encoding=delimited",
     .media_type = kProtobuf,
     .parse = &Parse<ProtobufParser>},
    {.protocol = "PrometheusText0.0.4",
     .accept = "text/plain;version=0.0.4",
     .media_type = kText,
     .parse = &Parse<TextParser>},
    {.protocol = "PrometheusText1.0.0",
     .accept = "text/plain;version=1.0.0",
     .media_type = kText,
     .negotiates_escaping = true,
     .parse = &Parse<TextParser>},
};

std::string Quoted(std::string_view s) {
  std::string out;
  AppendQuoted(s, &out);
  return out;
}

absl::Status Invalid(std::string_view message) {
  return absl::InvalidArgumentError(ToAbsl(message));
}

}  // namespace

std::span<const ExpositionFormat> ExpositionFormats() { return kFormats; }

const ExpositionFormat* FindFormat(std::string_view protocol) {
  for (const ExpositionFormat& format : kFormats) {
    if (format.protocol == protocol) return &format;
  }
  return nullptr;
}

std::string AcceptHeader(const std::vector<std::string>& protocols, std::string_view escaping) {
  std::string header;
  size_t weight = std::size(kFormats) + 1;
  for (const std::string& protocol : protocols) {
    const ExpositionFormat* const format = FindFormat(protocol);
    if (format == nullptr) continue;
    StrAppend(&header, format->accept);
    if (format->negotiates_escaping) StrAppend(&header, ";escaping=", escaping);
    StrAppend(&header, ";q=0.", weight--, ",");
  }
  StrAppend(&header, "*/*;q=0.", weight);
  return header;
}

absl::StatusOr<const ExpositionFormat*> FormatOfContent(std::string_view content_type,
                                                        std::string_view fallback) {
  const std::optional<std::string> type = ParseMediaType(content_type);
  if (type) {
    for (const ExpositionFormat& format : kFormats) {
      if (format.media_type == *type) return &format;
    }
  }
  if (const ExpositionFormat* const format = FindFormat(fallback)) return format;
  if (content_type.empty()) {
    return Invalid(
        "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol "
        "specified for target");
  }
  if (!type) {
    return Invalid(StrCat("cannot parse Content-Type ", Quoted(content_type),
                          " and no fallback_scrape_protocol for target"));
  }
  return Invalid(StrCat("received unsupported Content-Type ", Quoted(content_type),
                        " and no fallback_scrape_protocol specified for target"));
}

}  // namespace hearth

#include "tools/bench/exposition_page.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <string_view>

#include "model/text.h"

namespace hearth::bench {
namespace {

bool IsCounter(SeriesKind kind) {
  return kind == SeriesKind::kIdle || kind == SeriesKind::kCounterInt ||
         kind == SeriesKind::kDecimal;
}

// The model's names and values need no escapes.
void AppendSeries(LabelsView labels, std::string* out) {
  StrAppend(out, labels.MetricName());
  char separator = '{';
  for (const Label& label : labels) {
    if (label.name == kMetricNameLabel || label.name == "job") continue;
    const std::string_view name = label.name == "instance" ? "node" : label.name;
    out->push_back(separator);
    StrAppend(out, name, "=\"", label.value, "\"");
    separator = ',';
  }
  out->append("} ");
}

}  // namespace

ExpositionPage::ExpositionPage(const SeriesModel* model)
    : slice_(model, 0, model->options().series) {
  std::vector<int64_t> ids(slice_.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(),
                   [&](int64_t a, int64_t b) { return model->family(a) < model->family(b); });
  int64_t family = -1;
  for (const int64_t id : ids) {
    if (model->family(id) != family) {
      family = model->family(id);
      const std::string name = model->metric_name(id);
      StrAppend(&text_, "# HELP ", name, " A family of the benchmark's load.\n# TYPE ", name,
                IsCounter(model->kind(id)) ? " counter\n" : " gauge\n");
    }
    const auto series = static_cast<size_t>(id);
    AppendSeries(slice_.labels(series), &text_);
    lines_.push_back({series, text_.size()});
  }
}

void ExpositionPage::Render(std::string* out) const {
  out->clear();
  out->reserve(text_.size() + lines_.size() * 12);
  size_t begin = 0;
  for (const Line& line : lines_) {
    out->append(text_, begin, line.text_end - begin);
    begin = line.text_end;
    char value[32];
    // The shortest text that reads back as the same double, as exporters print it.
    const auto end = std::to_chars(value, value + sizeof(value), slice_.value(line.series));
    out->append(value, static_cast<size_t>(end.ptr - value));
    out->push_back('\n');
  }
}

}  // namespace hearth::bench

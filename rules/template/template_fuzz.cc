// Any text parses or fails with an error, and what parses expands or fails within its bounds.
#include <cstdlib>
#include <string>
#include <string_view>

#include "rules/template/template_fixture.h"
#include "tools/fuzz/fuzz.h"

namespace hearth::fuzz {

std::vector<std::string> Corpus() {
  return {
      "{{ $labels.job }} at {{ $value | humanize }} {{- /* c */ -}} x",
      "{{ range $i, $s := query \"two\" | sortByLabel \"instance\" }}{{ $i }}:{{ $s.Value }}"
      "{{ if eq $i 1 }}{{ break }}{{ else }}{{ continue }}{{ end }}{{ else }}none{{ end }}",
      "{{ define \"row\" }}{{ .arg0 }}={{ .arg1 }}{{ template \"row\" . }}{{ end }}"
      "{{ template \"row\" (args \"a\" 5) }}",
      "{{ with $x := first (query `one`) }}{{ $x.Labels.instance | toUpper }}{{ end }}",
      "{{ printf \"%-8.3f|%[2]*[1]d|%+q|% x|%v|%T\" 1.5 7 \"a\\u00e9\" 'x' 0x1F 1e3 nil }}",
      "{{ if and (gt .Value 5.0) (not false) }}{{ block \"b\" $ }}{{ .Value }}{{ end }}{{ end }}",
      "{{ (toTime 1700000000.5).Format \"Mon Jan _2 15:04:05.000 2006\" }} {{ toDuration 90 }}",
      "{{ reReplaceAll \"(a+)b*\" \"<$1>\" \"aab\" }} {{ match \"^x\" .Labels.job }}",
      "{{ index (slice (query \"two\") 0 1) 0 | value }} {{ slice \"abc\" 1 }} {{ len .Labels }}",
      "{{ $x := 0 }}{{ range $x = 3 }}{{ $x = print $x \"y\" }}{{ end }}{{ html $x }}{{ js $x }}",
      "{{ humanizeDuration \"93784\" }} {{ humanizeTimestamp 1.5 }} {{ parseDuration \"1h5m\" }}",
      "{{ title \"a-b c.d\" }} {{ stripDomain \"a.b:1\" }} {{ urlquery \"a b\" }}{{ .Labels }}",
  };
}

}  // namespace hearth::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace tmpl = hearth::gotemplate;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<tmpl::Expander> expander = tmpl::Expander::Parse("fuzz", text);
  if (!expander.ok()) {
    if (!hearth::FromAbsl(expander.status().message()).starts_with("template: fuzz:")) std::abort();
    return 0;
  }
  const absl::StatusOr<std::string> result =
      expander->Expand(tmpl::FixtureData(), tmpl::FixtureEnvironment(), 1000);
  if (result.ok() && result->size() > tmpl::kMaxOutputBytes) std::abort();
  return 0;
}

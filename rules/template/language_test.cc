// Literals, variables, control structures, trimming, Go's own functions. Expected texts are what
// the language's own implementation prints.
#include "rules/template/template_fixture.h"

namespace hearth::gotemplate {
namespace {

constexpr TemplateCase kCases[] = {
    {"{{ . }}",
     "{map[instance:host:9090 job:api] map[region:eu] http://testhost:9090/path/prefix 1234.5}"},
    {"{{ $ }}",
     "{map[instance:host:9090 job:api] map[region:eu] http://testhost:9090/path/prefix 1234.5}"},
    {"{{ print nil }}", "<nil>"},
    {R"({{ index $labels "job" }} {{ index $labels "none" }})", "api "},
    {R"({{ slice "abcdef" 1 3 }} {{ slice "abc" }} {{ slice "abc" 2 }})", "bc abc c"},
    {"{{ 1 | and 0 }}", "0"},
    {R"({{ print 1 2 "a" "b" 3 4 }} {{ println 1 "a" }})", "1 2ab3 4 1 a\n"},
    {"{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}", "instance=host:9090;job=api;"},
    {"{{ range $v := $labels }}{{ . }}={{ $v }};{{ end }}", "host:9090=host:9090;api=api;"},
    {"{{ range 3 }}{{ . }}{{ end }} {{ range $i := 3 }}{{ $i }}{{ end }}", "012 012"},
    {R"({{ with $x := "a" }}{{ . }}{{ $x }}{{ else }}no{{ end }} {{ with "" }}a{{ else with "b" }}{{ . }}{{ end }})",
     "aa b"},
    {"{{ if 0 }}a{{ else if 1 }}b{{ else }}c{{ end }}", "b"},
    {R"({{ define "T" }}[{{ . }}]{{ end }}{{ template "T" 1 }}{{ template "T" }})",
     "[1][<no value>]"},
    {R"({{ block "B" "x" }}<{{ . }}>{{ end }})", "<x>"},
    {"{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ end }}{{ $x }}", "2"},
    {R"(  a  {{- " b " -}}   c {{- /* c */ -}} d)", "  a b cd"},
    {"{{/* c */}}x", "x"},
    {"{{ 1e3 }} {{ 100000000.0 }} {{ 0.1 }} {{ 1e-5 }} {{ 123456789.125 }} {{ 1e20 }}",
     "1000 1e+08 0.1 1e-05 1.23456789125e+08 1e+20"},
    {"{{ $x:=1 }}{{ $x }}", "1"},
    {R"({{ "\u00e9\t\x41\101\n" }} {{ `a\n` }})", "é\tAA\n a\\n"},
    {R"({{ 3 }} {{ -3 }} {{ 'a' }} {{ 0x1F }} {{ 1e3 }} {{ 1_000 }} {{ 0b11 }} {{ 010 }} {{ .5 }} {{ '\n' }})",
     "3 -3 97 31 1000 1000 3 8 0.5 10"},
    {"{{ $labels.job }} on {{ .Labels.instance }}: {{ .Value }} {{ .ExternalURL }}",
     "api on host:9090: 1234.5 http://testhost:9090/path/prefix"},
    {"{{ if and (gt $value 5.0) (lt $value 2000.0) }}in{{ end }}", "in"},
    {R"({{ ne 1 2 }} {{ le 1 1 }} {{ ge 2 1 }} {{ gt "b" "a" }} {{ eq "a" "b" "a" }} {{ eq 98 (index "abc" 1) }})",
     "true true true true true true"},
    {"{{ range 3 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ . }}{{ else }}none{{ end }}", "02"},
    {"{{ 1 | }}", "1"},
    {R"({{ println }}{{ print }}{{ print "a" 1 2 "b" nil }})", "\na1 2b<nil>"},
    {R"({{ eq 1 nil }} {{ ne "a" nil }})", "false true"},
    {R"({{ and (print "x") }} {{ or nil 1 }} {{ and 1 nil }})", "x 1 <no value>"},
    {"{{ 9223372036854775807 }} {{ -9223372036854775808 }} {{ +5 }} {{ 0x1p4 }} {{ 1. }} {{ 0o17 "
     "}}",
     "9223372036854775807 -9223372036854775808 5 16 1 15"},
    {R"({{ "\x41\101\u00e9\U0001F600\\\"" }} {{ `raw\n` }} {{ '"' }})", R"(AAé😀\" raw\n 34)"},
    {"line2 }}", "line2 }}"},
    {"{{ $.Labels.job }} {{ $.Value }}", "api 1234.5"},
    {R"({{ $i := 0 }}{{ $x := "" }}{{ range $i, $x = $labels }}{{ end }}{{ $i }}{{ $x }})",
     "jobapi"},
    {"{{ $x := 0 }}{{ range $x = 3 }}{{ end }}{{ $x }}", "2"},
    {R"({{ block "b" . }}{{ .Value }}{{ end }}{{ template "b" $ }})", "1234.51234.5"},
    {R"({{ template "b" . }}{{ define "b" }}{{ $.Labels.job }}{{ end }})", "api"},
    {"  {{- /* a */ -}}  x  {{- /* b */}}  y", "x  y"},
    {R"(x {{- "a" }} {{ "b" -}}  y)", "xa by"},
    {R"({{ $labels | index }} {{ "job" | index $labels }})", "map[instance:host:9090 job:api] api"},
    {R"({{ if .Labels.nope }}a{{ else if eq .Labels.job "api" }}b{{ end }})", "b"},
    {"{{ with .Labels.nope }}a{{ else with .Labels.job }}{{ . }}{{ else }}c{{ end }}", "api"},
    {R"({{ if (index .Labels "job") }}y{{end}})", "y"},
    {"{{ range -1 }}a{{ else }}b{{ end }}", "b"},
};

TEST(LanguageTest, ExpandsLikeGo) { ExpectExpansions(kCases); }

}  // namespace
}  // namespace hearth::gotemplate

// The functions that Prometheus adds. Expected texts are what the language's own implementation
// prints.
#include "rules/template/template_fixture.h"

namespace hearth::gotemplate {
namespace {

constexpr TemplateCase kCases[] = {
    {R"({{ "1_000" | humanize }})", "1k"},
    {R"({{ "infinity" | humanize }})", "+Inf"},
    {"{{ $labels }} {{ $value }} {{ $externalURL }} {{ $externalLabels }}",
     "map[instance:host:9090 job:api] 1234.5 http://testhost:9090/path/prefix map[region:eu]"},
    {"{{ (args 1).arg5 }}", "<no value>"},
    {R"({{ args 1 "a" nil 2.5 true }})", "map[arg0:1 arg1:a arg2:<nil> arg3:2.5 arg4:true]"},
    {R"({{ query "one" | first }})", "{map[__name__:metric instance:a] 11}"},
    {R"({{ index "abc" 1 }} {{ index (query "two") 0 | value }})", "98 21"},
    {R"({{ eq (query "one") nil }})", "false"},
    {R"({{ html "<a href='x'>\"&" }} {{ js "it's <b>=&é" }} {{ urlquery "a b&c/é~" }})",
     R"(&lt;a href=&#39;x&#39;&gt;&#34;&amp; it\'s \u003Cb\u003E\u003D\u0026é a+b%26c%2F%C3%A9~)"},
    {"{{ toDuration 90.5 }} {{ (toDuration 90).Seconds }} {{ toDuration 0.0015 }} {{ toDuration "
     "-3725.25 }}",
     "1m30.5s 90 1.5ms -1h2m5.25s"},
    {R"({{ (toTime 1700000000.123456).Format "Mon Jan _2 15:04:05.000 MST 2006 -0700 Z07:00 PM pm Monday January 02/01/06 3:4:5 002" }})",
     "Tue Nov 14 22:13:20.123 UTC 2023 +0000 Z PM pm Tuesday November 14/11/23 10:13:20 318"},
    {"{{ now }} {{ pathPrefix }} {{ externalURL }}",
     "1.7e+09 /path/prefix http://testhost:9090/path/prefix"},
    {R"({{ parseDuration "1h30m" }} {{ parseDuration "-5m" }} {{ parseDuration "1d" }})",
     "5400 -300 86400"},
    {"{{ reReplaceAll \"(a)b\" \"x$1\" \"abab\" }} {{ reReplaceAll \"\" \"-\" \"abc\" }} {{ "
     "reReplaceAll \"a*\" \"-\" \"baac\" }} {{ reReplaceAll \"(?P<n>x)\" \"<${n}>\" \"axb\" }}",
     "xaxa -a-b-c- -b-c- a<x>b"},
    {R"({{ graphLink "up{job=\"a b\"}" }} {{ tableLink "up" }} {{ urlQueryEscape "a b+c" }})",
     "/graph?g0.expr=up%7Bjob%3D%22a+b%22%7D&g0.tab=0 /graph?g0.expr=up&g0.tab=1 a+b%2Bc"},
    {R"({{ stripPort "a:1" }} {{ stripDomain "foo.example.com:12345" }} {{ stripDomain "192.0.2.1:12345" }} {{ stripDomain "[2001:db8::1]:5" }} {{ stripDomain "a.b" }} {{ stripPort "[::1]" }} {{ stripDomain "2001:db8::1" }} {{ stripDomain "" }} {{ stripPort "a:b:c" }} {{ stripPort ":80" }})",
     "a foo:12345 192.0.2.1:12345 [2001:db8::1]:5 a [::1] 2001:db8::1  a:b:c "},
    {R"({{ range query "two" | sortByLabel "instance" }}{{.Labels.instance}}:{{.Value}} {{ end }})",
     "a:11 b:21 "},
    {R"({{ range $i, $e := query "two" }}{{ $i }}={{ $e | strvalue }}{{ $e | label "instance" }},{{ else }}none{{ end }})",
     "0=xb,1=a,"},
    {R"({{ range query "two" }}{{ if eq .Value 11.0 }}{{ break }}{{ end }}{{ .Value }}{{ end }})",
     "21"},
    {R"({{ range query "two" }}{{ if eq .Value 21.0 }}{{ continue }}{{ end }}{{ .Value }}{{ end }})",
     "11"},
    {R"({{ .Labels | len }} {{ (len .Labels) }} {{ len (query "two") }})", "2 2 2"},
    {R"({{ range query "empty" }}x{{ else }}none{{ end }})", "none"},
    {R"({{ with query "two" }}{{ . | len }}{{ end }})", "2"},
    {R"({{ range $i, $s := query "two" }}{{ if $i }}, {{ end }}{{ $s.Labels.instance }}{{ end }})",
     "b, a"},
    {R"({{ range args 1 "b" }}{{ . }};{{ end }})", "1;b;"},
    {R"({{ define "row" }}{{ .arg0 }}={{ .arg1 }}{{ end }}{{ template "row" args "a" 5 }})", "a=5"},
    {R"({{ $s := "" }}{{ range query "two" }}{{ $s = print $s .Labels.instance }}{{ end }}{{ $s }})",
     "ba"},
    {"{{ $value | humanize }} {{ $value | humanize1024 }} {{ $value | humanizeDuration }} {{ "
     "0.123456 | humanizePercentage }}",
     "1.234k 1.206ki 20m 34s 12.35%"},
    {R"({{ humanize 0.0 }} {{ humanize 1234567.0 }} {{ humanize 0.12 }} {{ humanize "-Inf" }} {{ humanize 1e30 }} {{ humanize 1e-30 }})",
     "0 1.235M 120m -Inf 1e+06Y 1e-06y"},
    {"{{ humanizeDuration 93784 }} {{ humanizeDuration 899.99 }} {{ humanizeDuration 0.00012345 }} "
     "{{ humanizeDuration -3725 }} {{ humanizeDuration 1e300 }}",
     "1d 2h 3m 4s 14m 59s 123.4us -1h 2m 5s -106751991167300d -15h -30m -8s"},
    {R"({{ index (args 1 2) "arg1" }} {{ index $labels "nope" }}|)", "2 |"},
    {R"({{ len "héllo" }} {{ len (args 1 2) }})", "6 2"},
    {R"({{ slice (query "two") 1 | len }} {{ (index (slice (query "two") 1 2) 0).Value }})",
     "1 11"},
    {R"({{ range $k, $v := args "x" "y" }}{{ $k }}:{{ $v }} {{ end }})", "arg0:x arg1:y "},
    {R"({{ range 2 }}{{ range query "empty" }}{{ else }}{{ break }}{{ end }}x{{ end }})", "xx"},
    {R"({{ range 2 }}{{ range query "empty" }}{{ else }}{{ continue }}{{ end }}x{{ end }})", ""},
    {R"({{ html $labels }} {{ js "</script>\u2028" }} {{ urlquery 1 "a b" }})",
     R"(map[instance:host:9090 job:api] \u003C/script\u003E\u2028 1a+b)"},
    {R"({{ title "hello world" }} {{ toUpper "abc é" }} {{ toLower "ABC É" }})",
     "Hello World ABC É abc é"},
    {"{{ (toTime 0).Weekday }} {{ (toTime 0).Month }} {{ (toTime 1700000000).YearDay }} {{ (toTime "
     "1.5).UnixMilli }} {{ (toTime -1.5).Unix }} {{ (toTime 1700000000.5).UTC.Hour }} {{ (toTime "
     "1).String }}",
     "Thursday January 318 1500 -2 22 1970-01-01 00:00:01 +0000 UTC"},
    {"{{ (toDuration 3661.5).Hours }} {{ (toDuration 61).Minutes }} {{ (toDuration "
     "1.5).Milliseconds }} {{ toDuration 1e-9 }} {{ toDuration 0 }} {{ toDuration 0.000001 }} {{ "
     "toDuration 3600 }}",
     "1.0170833333333333 1.0166666666666666 1500 1ns 0s 1µs 1h0m0s"},
    {R"({{ (toTime 1700000000.12).Format "2006-01-02T15:04:05.999999Z07:00 Jan 2 3:04PM .00 ,9 Monday, 02-Jan-06 __2 _2006 January Janet Mon Monkey" }})",
     "2023-11-14T22:13:20.12Z Nov 14 10:13PM .12 ,1 Tuesday, 14-Nov-23 318 _2023 November Janet "
     "Tue Monkey"},
    {R"({{ (toTime 1700000000).Format "05.000000 05,999 .0001 1504 2 1 06 -07 -07:00 Z0700 Month" }})",
     "20.000000 20 .0011 2213 14 11 23 +00 +00:00 Z Month"},
    {R"({{ parseDuration "1y2w3d4h5m6s7ms" }} {{ parseDuration "0" }} {{ parseDuration "-0" }})",
     "3.3019506007e+07 0 0"},
    {R"({{ reReplaceAll "(.*):.*" "$1" $labels.instance }} {{ match "^ho" $labels.instance }} {{ reReplaceAll "é" "e" "été" }})",
     "host true ete"},
    {R"({{ stripPort $labels.instance }} {{ stripDomain "web-1.prod.example.com" }} {{ stripDomain "[::1]:80" }} {{ stripPort "[a]b:1" }} {{ stripPort "a]:1" }} {{ stripDomain "a.b:x" }})",
     "host web-1 [::1]:80 [a]b:1 a]:1 a:x"},
    {R"({{ first (query "two") | value }} {{ query "two" | first | label "instance" }} {{ query "two" | first | strvalue }})",
     "21 b x"},
    {"{{ eq (toTime 1) (toTime 1) }}", "false"},
    {"{{ args }} {{ (args).x }}", "map[] <no value>"},
    {R"({{ safeHtml "<b>" }} {{ print (safeHtml "a") 1 }} {{ eq (safeHtml "a") "a" }} {{ len (safeHtml "ab") }})",
     "<b> a1 true 2"},
    {"{{ $externalLabels.region }} {{ $externalURL }} {{ .ExternalLabels.nope }}|",
     "eu http://testhost:9090/path/prefix |"},
    {R"({{ if not (match "x" "y") }}ok{{ end }})", "ok"},
    {"{{ range (args nil).arg0 }}a{{ else }}b{{ end }}", "b"},
};

TEST(FunctionTest, GivesPrometheusTexts) { ExpectExpansions(kCases); }

}  // namespace
}  // namespace hearth::gotemplate

// What the parser refuses. Expected texts are what the language's own implementation prints.
#include "rules/template/template_fixture.h"

namespace hearth::gotemplate {
namespace {

constexpr TemplateCase kCases[] = {
    {"{{ $y }}", R"(ERR 1: undefined variable "$y")"},
    {R"({{ "a" | "b" }})", "ERR 1: non executable command in pipeline stage 2"},
    {"{{ foo }}", R"(ERR 1: function "foo" not defined)"},
    {"{{ 1.x }}", R"(ERR 1: bad number syntax: "1.x")"},
    {R"({{ "a }})", "ERR 1: unterminated quoted string"},
    {"{{ 'ab' }}", "ERR 1: malformed character constant: 'ab'"},
    {"{{ if }}{{ end }}", "ERR 1: missing value for if"},
    {"{{ if 1 }}", "ERR 1: unexpected EOF"},
    {"{{ end }}", "ERR 1: unexpected {{end}}"},
    {"{{ else }}", "ERR 1: unexpected {{else}}"},
    {"{{ range $a, $b, $c := $labels }}{{ end }}", "ERR 1: too many declarations in range"},
    {"{{ break }}", "ERR 1: {{break}} outside {{range}}"},
    {"{{ ( 1 }}", "ERR 1: unclosed left paren"},
    {"{{ 1 ) }}", "ERR 1: unexpected right paren"},
    {"{{ € }}", "ERR 1: unrecognized character in action: U+20AC '€'"},
    {"{{ true }} {{ false | not }} {{ true.x }}", R"(ERR 1: unexpected . after term "true")"},
    {R"({{ template "x" }}{{ define "x" }}{{ end }}{{ define "x" }}y{{ end }}{{ define "x" }}z{{ end }})",
     R"(ERR 1: template: multiple definition of template "x")"},
    {R"({{ "\q" }})", "ERR 1: invalid syntax"},
    {"{{ range $labels }}{{ else }}{{ break }}{{ end }}", "ERR 1: {{break}} outside {{range}}"},
    {"{{ with $x := $labels.job }}{{ $x }}{{ end }}{{ $x }}", R"(ERR 1: undefined variable "$x")"},
    {"{{ if true }}a{{ else }}b{{ else }}c{{ end }}", "ERR 1: expected end; found {{else}}"},
    {"{{ if true }}{{ else foo }}{{ end }}", R"(ERR 1: unexpected "foo" in else)"},
    {"{{ template }}", R"(ERR 1: unexpected "}}" in template clause)"},
    {"{{ template 1 }}", R"(ERR 1: unexpected "1" in template clause)"},
    {"{{ define x }}{{ end }}", R"(ERR 1: unexpected "x" in define clause)"},
    {R"({{ if true }}{{ define "x" }}{{ end }}{{ end }})", "ERR 1: unexpected <define> in command"},
    {"{{ | 1 }}", R"(ERR 1: unexpected "|" in command)"},
    {"{{ () }}", "ERR 1: missing value for parenthesized pipeline"},
    {"{{ $labels.a..b }}", "ERR 1: unexpected <.> in operand"},
    {"{{ .Labels.job }", R"(ERR 1: unexpected "}" in operand)"},
    {"{{ .a-b }}", "ERR 1: bad character U+002D '-'"},
    {"{{ $x, $y := 1 }}", "ERR 1: too many declarations in command"},
    {"{{ 1__0 }}", R"(ERR 1: illegal number syntax: "1__0")"},
    {"{{ 089 }}", R"(ERR 1: integer overflow: "089")"},
    {R"({{ 'é' }} {{ '\'' }} {{ '\x41' }} {{ '\u00e9' }} {{ "\'" }})", "ERR 1: invalid syntax"},
    {"{{ '' }}", "ERR 1: invalid syntax"},
    {R"({{ "unterminated)", "ERR 1: unterminated quoted string"},
    {"{{/* c */ }}", "ERR 1: comment ends before closing delimiter"},
    {"{{/* never", "ERR 1: unclosed comment"},
    {"{{ `a", "ERR 1: unterminated raw quoted string"},
    {"{{ 1", "ERR 1: unclosed action"},
    {"{{ a.b }}", R"(ERR 1: function "a" not defined)"},
    {"{{ nil.x }}", R"(ERR 1: unexpected . after term "nil")"},
    {"{{ ..x }}", R"(ERR 1: unexpected . after term ".")"},
    {"{{ break }}{{ range 1 }}{{ end }}", "ERR 1: {{break}} outside {{range}}"},
    {"{{ end x }}", R"(ERR 1: unexpected "x" in end)"},
    {"{{ range $x, 1 }}{{ end }}", "ERR 1: range can only initialize variables"},
    {R"({{ template "b" }}{{ define "b" }}{{ $labels }}{{ end }})",
     R"(ERR 1: undefined variable "$labels")"},
    {"{{-1}} {{ - 1 }}", R"(ERR 1: illegal number syntax: "-")"},
    {"{{ if 1 }}\n\n{{ .x.y\n}}{{ end }}{{ end }}", "ERR 4: unexpected {{end}}"},
    {"{{ \"a\"\n\n", "ERR 3: unclosed action started at __alert_Test:1"},
};

TEST(ParseErrorTest, ErrorsHaveGosWordsAndLines) { ExpectExpansions(kCases); }

}  // namespace
}  // namespace hearth::gotemplate

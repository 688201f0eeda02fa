// Verbs, flags, and fmt's own error forms. Expected texts are what the language's own
// implementation prints.
#include "rules/template/template_fixture.h"

namespace hearth::gotemplate {
namespace {

constexpr TemplateCase kCases[] = {
    {R"({{ printf "%v %+v %s %q %d %f %.2f %e %g %x %t %T %%" 1 2 "s" "q" 4 1.5 2.345 1e10 0.1 255 true 1.5 }})",
     R"(1 2 s "q" 4 1.500000 2.35 1.000000e+10 0.1 ff true float64 %)"},
    {R"({{ printf "%d" "x" }} {{ printf "%d" }} {{ printf "%d" 1 2 }} {{ printf "%!" }} {{ printf "%z" 1 }} {{ printf "%s" 1 }} {{ printf "%d" 1.5 }} {{ printf "%s" nil }} {{printf "%f" 1}})",
     "%!d(string=x) %!d(MISSING) 1%!(EXTRA int=2) %!!(MISSING) %!z(int=1) %!s(int=1) "
     "%!d(float64=1.5) %!s(<nil>) %!f(int=1)"},
    {R"({{ printf "%5d|%-5d|%05d|%+d|% d|%x|%X|%#x|%o|%b|%c|%U|%q" 1 2 3 4 5 255 255 255 8 5 65 65 65 }})",
     "    1|2    |00003|+4| 5|ff|FF|0xff|10|101|A|U+0041|'A'"},
    {R"({{ printf "%8.2f|%-8.2f|%08.2f|%+.1f|%g|%G|%E|%6.3g|%v" 3.14159 3.14159 -3.14159 2.0 1e21 1e-7 1.5 1234.5 1e6 }})",
     "    3.14|3.14    |-0003.14|+2.0|1e+21|1E-07|1.500000E+00|1.23e+03|1e+06"},
    {R"({{ printf "%10s|%-10s|%.2s|%q|%x|% x|%X|%#q|%+q" "abc" "abc" "abcdef" "a\"b" "hi" "hi" "hi" "a`b" "é" }})",
     R"(       abc|abc       |ab|"a\"b"|6869|68 69|6869|"a`b"|"\u00e9")"},
    {R"({{ printf "%[2]d %[1]d" 1 2 }} {{ printf "%*d" 5 42 }} {{ printf "%.*f" 2 1.234 }} {{ printf "%[5]d" 1 }} {{ printf "%-*d|" 5 42 }})",
     "2 1    42 1.23 %!d(BADINDEX) 42   |"},
    {R"({{ printf "%v %v" $labels (args 1 "x") }} {{ printf "%s" $labels }} {{ printf "%d" $labels }} {{ printf "%q" $labels }})",
     R"(map[instance:host:9090 job:api] map[arg0:1 arg1:x] map[instance:host:9090 job:api] map[%!d(string=instance):%!d(string=host:9090) %!d(string=job):%!d(string=api)] map["instance":"host:9090" "job":"api"])"},
    {R"({{ printf "%T %T %T %T %T" $labels (query "one") (query "one" | first) . nil }})",
     "map[string]string template.queryResult *template.sample struct { Labels map[string]string; "
     "ExternalLabels map[string]string; ExternalURL string; Value interface {} } <nil>"},
    {R"({{ printf "%#v %#v %#v %#v" "a" 1 1.0 $labels }})",
     R"("a" 1 1 map[string]string{"instance":"host:9090", "job":"api"})"},
    {R"({{ printf "%t" 1 }} {{ printf "%6t" true }} {{ printf "%v" true }} {{ printf "%x" 1.5 }} {{ printf "%6.2f%%" 12.3456 }})",
     "%!t(int=1)   true true 0x1.8p+00  12.35%"},
    {R"({{ printf "%v" (toTime 1700000000.5) }} {{ toTime 1700000000.5 }} {{ (toTime 1700000000).Unix }} {{ (toTime 1).Year }})",
     "2023-11-14 22:13:20.5 +0000 UTC 2023-11-14 22:13:20.5 +0000 UTC 1700000000 1970"},
    {R"({{ printf "%6.2d|%+.3d|%x|%X" 5 -5 -255 "é" }} {{ printf "%c%c" 0x1F600 -1 }} {{ printf "%q" 0x1F600 }} {{ printf "%#U" 0x1F600 }} {{ printf "%08b" 5 }} {{ printf "%O" 8 }})",
     "    05|-005|-ff|C3A9 😀� '😀' U+1F600 '😀' 00000101 0o10"},
    {R"({{ printf "%s %s" "a" }} {{ printf "a%" }} {{ printf "%-" }} {{ printf "%[1]" 1 }} {{ printf "%[x]d" 1 }} {{ printf "%.[2]d" 1 2}})",
     "a %!s(MISSING) a%!(NOVERB) %!(NOVERB) %!(NOVERB) %!d(BADINDEX) 2"},
    {R"({{ (query "one" | first).Labels.instance }} {{ (query "one" | first).Value | printf "%.1f" }})",
     "a 11.0"},
    {R"({{ "x" | printf "%s" | len }})", "1"},
    {R"({{ printf "%s" }} {{ printf }})",
     "ERR 1:133: <printf>: wrong number of args for printf: want at least 1 got 0"},
    {R"({{ $value | printf "%.2f" }} {{ printf "%d" $value }} {{ printf "%s" $value }} {{ printf "%5.1f%%" $value }})",
     "1234.50 %!d(float64=1234.5) %!s(float64=1234.5) 1234.5%"},
    {R"({{ true | printf "%v" }} {{ printf "%t" false }})", "true false"},
    {R"({{ printf "%v" nil }} {{ printf "%d" nil }} {{ printf "%v %d" 1 nil }})",
     "<nil> %!d(<nil>) 1 %!d(<nil>)"},
    {R"({{ printf "%!d(x" }} {{ printf "%" }} {{ printf "%d %d" 1 }} {{ printf "%d" 1 "x" nil }})",
     "%!!(MISSING)d(x %!(NOVERB) 1 %!d(MISSING) 1%!(EXTRA string=x, <nil>)"},
    {R"({{ printf "%06d|%-6d|%+06d|%x|%X|%o|%q" 42 42 42 -42 "hi" 8 'x' }} {{ printf "%q" "a\n\"" }})",
     R"(000042|42    |+00042|-2a|6869|10|'x' "a\n\"")"},
    {R"({{ printf "%6s|%-6s|%06s|%.1s" "abc" "abc" "abc" "éa" }} {{ printf "%5t|" true }} {{ printf "%c" 'é' }})",
     "   abc|abc   |000abc|é  true| é"},
    {R"({{ printf "%08.3f|%+.2e|%g|%G|%v|%.3v|%10.2v|" -3.14159 12345.678 1e-7 1e21 0.000001 1234.5678 1.0 }})",
     "-003.142|+1.23e+04|1e-07|1E+21|1e-06|1.23e+03|         1|"},
    {R"({{ printf "%x %X %x %.2x" 1.0 255.5 -0.1 3.14159 }} {{ printf "% d|% x|%#o|%#b" 5 "abc" 8 5 }})",
     "0x1p+00 0X1.FFP+07 -0x1.999999999999ap-04 0x1.92p+01  5|61 62 63|010|0b101"},
    {R"({{ printf "%[3]v %[1]v %v" 1 2 3 }} {{ printf "%[1]d %[1]x" 255 }} {{ printf "%[0]d" 1 }} {{ printf "%[2]*[1]d|" 7 4 }} {{ printf "%[1]2d" 1 }})",
     "3 1 2 255 ff %!d(BADINDEX)    7| %!d(BADINDEX)"},
    {R"({{ printf "%T %T %T %T %T %T" 1 "s" 1.5 true nil (toTime 1) }} {{ printf "%T" (toDuration 1) }})",
     "int string float64 bool <nil> *time.Time *time.Duration"},
    {R"({{ printf "%+v" (query "one" | first) }} {{ print (query "one" | first) }} {{ printf "%v" (args (args 1)) }})",
     "&{Labels:map[__name__:metric instance:a] Value:11} &{map[__name__:metric instance:a] 11} "
     "map[arg0:map[arg0:1]]"},
    {R"({{ query "one" | first | value | humanize | toUpper | printf "%s!" }})", "11!"},
    {R"({{ printf "%s %s" $labels.job (humanize .Value) }})", "api 1.234k"},
};

TEST(PrintfTest, FollowsGosFmt) { ExpectExpansions(kCases); }

}  // namespace
}  // namespace hearth::gotemplate

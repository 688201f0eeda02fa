// rules/template/escape.h
//
// Text made safe for where it is put. Go's forms.
//
// Thread safety: pure functions.
#ifndef HEARTH_RULES_TEMPLATE_ESCAPE_H_
#define HEARTH_RULES_TEMPLATE_ESCAPE_H_

#include <string>
#include <string_view>

namespace hearth::gotemplate {

std::string EscapeHtml(std::string_view text);        // `&lt;`, `&#34;`
std::string EscapeJavaScript(std::string_view text);  // `\u003C`, `\'`
std::string EscapeUrlQuery(std::string_view text);    // `%C3%A9`, a space as `+`

}  // namespace hearth::gotemplate

#endif  // HEARTH_RULES_TEMPLATE_ESCAPE_H_

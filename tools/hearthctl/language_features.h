// tools/hearthctl/language_features.h
//
// What --enable-feature switches on in the language, for the commands that parse or run it. The
// names are the server's.
//
// Thread safety: pure function.
#ifndef HEARTH_TOOLS_HEARTHCTL_LANGUAGE_FEATURES_H_
#define HEARTH_TOOLS_HEARTHCTL_LANGUAGE_FEATURES_H_

#include <ostream>
#include <string>
#include <vector>

#include "query/parse/parser.h"

namespace hearth::hearthctl {

struct LanguageFeatures {
  promql::ParserOptions parser;
  bool delayed_name_removal = false;
};

// Tells `err` of names that have no effect.
LanguageFeatures ParseFeatures(const std::vector<std::string>& names, std::ostream& err);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_LANGUAGE_FEATURES_H_

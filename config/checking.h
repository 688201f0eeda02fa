// config/checking.h
//
// The words that the checks of config/ share. Internal to config/.
//
// Thread safety: pure functions.
#ifndef HEARTH_CONFIG_CHECKING_H_
#define HEARTH_CONFIG_CHECKING_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "config/units.h"

namespace hearth::config_internal {

// A kInvalidArgument.
absl::Status Invalid(std::string_view message);
// `text` in double quotes, as Go's %q prints it.
std::string Quoted(std::string_view text);
// ASCII letters in lower case.
std::string Lower(std::string_view text);
bool EndsWith(std::string_view text, std::string_view suffix);
// Without blanks and line ends at both ends.
std::string_view Trimmed(std::string_view text);

// That names and values are what labels may have.
absl::Status CheckLabels(const StringMapConfig& labels);

// The parts of a URL that checks ask for; views into the text.
struct UrlParts {
  std::string_view scheme, host;  // Either may be empty. `host` has the port, if any.
};
// nullopt for what no URL may hold: control characters, a broken escape or port, `:` first.
std::optional<UrlParts> SplitUrl(std::string_view url);
// That `url` splits; the error says `parse "…": invalid URL`.
absl::Status CheckUrl(std::string_view url);

}  // namespace hearth::config_internal

#endif  // HEARTH_CONFIG_CHECKING_H_

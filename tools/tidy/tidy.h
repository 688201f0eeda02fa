// tools/tidy/tidy.h
//
// The house rules that no compiler checks: which folder may include which, which library belongs to
// which folder, which words are banned. Works on source text, so the test can plant a violation and
// see it named. The rules are tables in tidy.cc.
//
// Thread safety: pure functions.
#ifndef HEARTH_TOOLS_TIDY_TIDY_H_
#define HEARTH_TOOLS_TIDY_TIDY_H_

#include <string>
#include <string_view>
#include <vector>

namespace hearth::tidy {

struct SourceFile {
  std::string path;  // Relative to the workspace: "tsdb/head/head.cc".
  std::string text;
};

// Each violation is one line: `path:line: what is wrong and what to do instead`.
std::vector<std::string> CheckIncludes(const SourceFile& file);
std::vector<std::string> CheckBannedWords(const SourceFile& file);

// Folders that include each other, directly or in a circle; `a -> b -> a` by the first file that
// makes each edge.
std::vector<std::string> CheckCycles(const std::vector<SourceFile>& files);

// The room a file stands in: the longest known folder that its path begins with ("tsdb/head",
// "api/v1", "model"), "" when the folder is not in the table.
std::string RoomOf(std::string_view path);

}  // namespace hearth::tidy

#endif  // HEARTH_TOOLS_TIDY_TIDY_H_

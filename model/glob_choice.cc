#include "model/glob_choice.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "model/labels.h"

namespace hearth {

namespace {

// Groups multiply: a few dozen bytes can stand for millions of globs.
constexpr size_t kProductMax = 1024;
// Globs with gaps are tried one after the other, an engine looks for all of them at once.
constexpr size_t kGlobsMax = 16;
constexpr size_t kGroupsMax = 100;
constexpr std::string_view kSpecial = "\\.+*?()[]{}^$|";

}  // namespace

// Recursive descent over choice := sequence ('|' sequence)*. Everything that it does not know
// makes it give up.
class GlobParser {
 public:
  using Glob = GlobChoice::Glob;
  using Globs = std::vector<Glob>;

  explicit GlobParser(std::string_view pattern) : rest_(pattern) {}

  std::optional<Globs> Parse() {
    std::optional<Globs> globs = Choice(/*outermost=*/true);
    return rest_.empty() ? std::move(globs) : std::nullopt;
  }

 private:
  bool At(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool Take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }
  bool AtRepetition() const {
    return !rest_.empty() && std::string_view("*+?{").find(rest_.front()) != std::string_view::npos;
  }

  std::optional<Globs> Choice(bool outermost) {
    Globs all;
    do {
      std::optional<Globs> globs = Sequence(outermost);
      if (!globs) return std::nullopt;
      std::move(globs->begin(), globs->end(), std::back_inserter(all));
    } while (Take("|"));
    return all;
  }

  // Up to the choice's next `|` or its end.
  std::optional<Globs> Sequence(bool outermost) {
    Globs globs(1);
    if (outermost) Take("^");
    while (!rest_.empty() && !At('|') && !At(')')) {
      if (outermost && At('$') && (rest_.size() == 1 || rest_[1] == '|')) {
        Take("$");
        break;
      }
      if (!(At('(')   ? Group(&globs)
            : At('.') ? Gap(&globs)
                      : Character(&globs)) ||
          AtRepetition()) {
        return std::nullopt;
      }
    }
    return globs;
  }

  bool Group(Globs* globs) {
    if (++groups_ > kGroupsMax || (!Take("(?:") && (rest_.starts_with("(?") || !Take("(")))) {
      return false;
    }
    const std::optional<Globs> choice = Choice(/*outermost=*/false);
    if (!choice || !Take(")")) return false;
    if (globs->size() * choice->size() > kProductMax && std::min(globs->size(), choice->size()) > 1)
      return false;
    Globs product;
    for (const Glob& first : *globs) {
      for (const Glob& second : *choice) {
        if (!Join(first, second, &product.emplace_back())) return false;
      }
    }
    *globs = std::move(product);
    return true;
  }

  // *out is what matches `first` and then `second`.
  static bool Join(const Glob& first, const Glob& second, Glob* out) {
    *out = first;
    out->literals.back().append(second.literals.front());
    for (size_t i = 0; i < second.gaps.size(); ++i) {
      if (!AddGap(second.gaps[i], out)) return false;
      out->literals.back() = second.literals[i + 1];
    }
    return true;
  }

  static bool AddGap(size_t least, Glob* glob) {
    if (glob->gaps.empty() || !glob->literals.back().empty()) {
      glob->gaps.push_back(least);
      glob->literals.emplace_back();
      return true;
    }
    // Gaps side by side are one. Of two characters one would have to know where each ends.
    glob->gaps.back() += least;
    return glob->gaps.back() <= 1;
  }

  bool Gap(Globs* globs) {
    const bool some = rest_.starts_with(".+");
    if (!some && !rest_.starts_with(".*")) return false;
    rest_.remove_prefix(2);
    return std::all_of(globs->begin(), globs->end(),
                       [some](Glob& glob) { return AddGap(some ? 1 : 0, &glob); });
  }

  // One byte of a literal: characters beyond ASCII come byte by byte.
  bool Character(Globs* globs) {
    char c = rest_.front();
    if (c == '\\') {
      if (rest_.size() < 2 || !absl::ascii_ispunct(static_cast<unsigned char>(rest_[1])))
        return false;
      c = rest_[1];
      rest_.remove_prefix(1);
    } else if (kSpecial.find(c) != std::string_view::npos) {
      return false;
    }
    rest_.remove_prefix(1);
    for (Glob& glob : *globs) glob.literals.back().push_back(c);
    return true;
  }

  std::string_view rest_;
  size_t groups_ = 0;
};

std::optional<GlobChoice> GlobChoice::Parse(std::string_view pattern) {
  if (!IsValidUtf8(pattern)) return std::nullopt;
  std::optional<GlobParser::Globs> globs = GlobParser(pattern).Parse();
  if (!globs) return std::nullopt;
  GlobChoice choice;
  for (Glob& glob : *globs) {
    if (glob.gaps.empty()) {
      choice.literals_.push_back(std::move(glob.literals.front()));
      continue;
    }
    choice.everything_ =
        choice.everything_ || (glob.gaps.size() == 1 && glob.gaps[0] == 0 &&
                               glob.literals[0].empty() && glob.literals[1].empty());
    choice.globs_.push_back(std::move(glob));
  }
  if (choice.globs_.size() > kGlobsMax) return std::nullopt;
  std::sort(choice.literals_.begin(), choice.literals_.end());
  choice.literals_.erase(std::unique(choice.literals_.begin(), choice.literals_.end()),
                         choice.literals_.end());
  return choice;
}

// Each literal between two gaps is taken where it stands first: what a later place would match, the
// first one matches, too.
bool GlobChoice::MatchesGlob(const Glob& glob, std::string_view text) {
  const std::string& first = glob.literals.front();
  const std::string& last = glob.literals.back();
  if (text.size() < first.size() + last.size() || !text.starts_with(first) ||
      !text.ends_with(last)) {
    return false;
  }
  text = text.substr(first.size(), text.size() - first.size() - last.size());
  for (size_t i = 1; i + 1 < glob.literals.size(); ++i) {
    const size_t at = text.find(glob.literals[i], glob.gaps[i - 1]);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + glob.literals[i].size());
  }
  return text.size() >= glob.gaps.back();
}

bool GlobChoice::Matches(std::string_view text) const {
  for (const Glob& glob : globs_) {
    if (MatchesGlob(glob, text)) return true;
  }
  const auto it = std::lower_bound(literals_.begin(), literals_.end(), text);
  return it != literals_.end() && *it == text;
}

}  // namespace hearth

// scrape/metadata_cache.h
//
// What one target's expositions say about its metric families: HELP, TYPE and UNIT, for
// /api/v1/metadata and targets/metadata.
//
// Thread safety: all methods may be called from any thread.
#ifndef HEARTH_SCRAPE_METADATA_CACHE_H_
#define HEARTH_SCRAPE_METADATA_CACHE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/metadata.h"
#include "model/mutex.h"
#include "model/text.h"
#include "scrape/exposition/exposition_parser.h"

namespace hearth {

class MetadataCache {
 public:
  // Families beyond this are not kept.
  static constexpr size_t kFamiliesMax = 100'000;
  // A family that no body has named for so many bodies is forgotten.
  static constexpr uint64_t kKeepBodies = 10;

  // Takes what the parser has just read (kType, kHelp or kUnit). True when it changed what was
  // known.
  bool Update(ExpositionParser::Entry entry, const ExpositionParser& parser) LOCKS_EXCLUDED(mu_);
  // Counts bodies.
  void BodyDone() LOCKS_EXCLUDED(mu_);

  // The metadata of one family; an empty name gives all, sorted by name.
  std::vector<std::pair<std::string, Metadata>> Read(std::string_view family) const
      LOCKS_EXCLUDED(mu_);

 private:
  struct Family {
    Metadata metadata;
    uint64_t body = 0;  // The last that named it.
  };
  mutable Mutex mu_;
  StringMap<Family> families_ GUARDED_BY(mu_);
  uint64_t body_ GUARDED_BY(mu_) = 1;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_METADATA_CACHE_H_

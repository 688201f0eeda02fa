// scrape/discovery/meta_labels.h
//
// The labels that providers give their targets.
//
// Thread safety: MetaLabels is a value.
#ifndef HEARTH_SCRAPE_DISCOVERY_META_LABELS_H_
#define HEARTH_SCRAPE_DISCOVERY_META_LABELS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/labels.h"
#include "scrape/discovery/json.h"

namespace hearth {

// `text` with each character that a label name cannot have as an underscore.
std::string SanitizeLabelName(std::string_view text);

// "host:port", with brackets around an IPv6 address.
std::string JoinHostPort(std::string_view host, int64_t port);

// "10.0.0.1" of "10.0.0.1/24".
std::string_view WithoutPrefixLength(std::string_view cidr);

// Labels being collected for one target or for several that share them. A name that comes again
// wins; an empty value is no label.
class MetaLabels {
 public:
  MetaLabels() = default;
  explicit MetaLabels(std::string_view prefix) : prefix_(prefix) {}

  // Adds `prefix` + `name`.
  MetaLabels& Set(std::string_view name, std::string_view value);
  // Adds each entry of a JSON object of strings as `prefix` + `name` + its sanitized key.
  MetaLabels& SetEach(std::string_view name, const Json& object);
  MetaLabels& Add(const MetaLabels& other);

  // With `__address__`.
  Labels Build(std::string_view address) const;

 private:
  std::string prefix_;
  std::vector<std::pair<std::string, std::string>> labels_;
};

}  // namespace hearth

#endif  // HEARTH_SCRAPE_DISCOVERY_META_LABELS_H_

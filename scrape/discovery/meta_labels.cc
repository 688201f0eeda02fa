#include "scrape/discovery/meta_labels.h"

#include "model/text.h"

namespace hearth {

std::string SanitizeLabelName(std::string_view text) {
  std::string name;
  name.reserve(text.size());
  for (const char c : text) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (fits) {
      name.push_back(c);
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {  // Once a character, not a byte.
      name.push_back('_');
    }
  }
  return name;
}

std::string JoinHostPort(std::string_view host, int64_t port) {
  if (host.find(':') != std::string_view::npos) return StrCat("[", host, "]:", port);
  return StrCat(host, ":", port);
}

std::string_view WithoutPrefixLength(std::string_view cidr) {
  return cidr.substr(0, cidr.find('/'));
}

MetaLabels& MetaLabels::Set(std::string_view name, std::string_view value) {
  labels_.emplace_back(StrCat(prefix_, name), value);
  return *this;
}

MetaLabels& MetaLabels::SetEach(std::string_view name, const Json& object) {
  if (!object.is_object()) return *this;
  for (const auto& [key, value] : object.items())
    Set(StrCat(name, SanitizeLabelName(key)), Text(value));
  return *this;
}

MetaLabels& MetaLabels::Add(const MetaLabels& other) {
  labels_.insert(labels_.end(), other.labels_.begin(), other.labels_.end());
  return *this;
}

Labels MetaLabels::Build(std::string_view address) const {
  LabelsBuilder builder;
  for (const auto& [name, value] : labels_) builder.Set(name, value);
  builder.Set("__address__", address);
  return builder.Build();
}

}  // namespace hearth

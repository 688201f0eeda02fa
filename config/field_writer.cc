#include "config/field_writer.h"

#include <charconv>

#include "config/duration.h"
#include "model/text.h"

namespace hearth {
namespace config_internal {

YamlNode PlainScalar(std::string text) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.plain = true;
  node.scalar = std::move(text);
  return node;
}

}  // namespace config_internal

using config_internal::PlainScalar;

YamlNode ToYamlNode(const std::string& value) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.scalar = value;
  return node;
}

YamlNode ToYamlNode(bool value) { return PlainScalar(value ? "true" : "false"); }
YamlNode ToYamlNode(int64_t value) { return PlainScalar(StrCat(value)); }
YamlNode ToYamlNode(uint64_t value) { return PlainScalar(StrCat(value)); }

YamlNode ToYamlNode(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return PlainScalar(std::string(buffer, end.ptr));
}

YamlNode ToYamlNode(Duration value) { return PlainScalar(FormatDuration(value.ms)); }
YamlNode ToYamlNode(ByteSize value) { return PlainScalar(FormatBytes(value.bytes)); }
YamlNode ToYamlNode(const Secret& value) {
  return ToYamlNode(value.empty() ? std::string() : std::string("<secret>"));
}

}  // namespace hearth

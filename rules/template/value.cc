#include "rules/template/value.h"

#include "model/text.h"

namespace hearth::gotemplate {

Value Value::OfVector(std::vector<Sample> samples) {
  const auto storage = std::make_shared<const std::vector<Sample>>(std::move(samples));
  std::vector<SamplePtr> pointers;
  pointers.reserve(storage->size());
  for (const Sample& sample : *storage) pointers.push_back(SamplePtr(storage, &sample));
  const size_t size = pointers.size();
  return OfVector(
      Vector{std::make_shared<const std::vector<SamplePtr>>(std::move(pointers)), 0, size});
}

Value Value::LabelsOf(const Value& sample) {
  const SamplePtr& owner = std::get<SamplePtr>(sample.data_);
  return Value(Kind::kLabels, std::shared_ptr<const Labels>(owner, &owner->labels));
}

bool Value::SameObject(const Value& other) const {
  return kind_ == Kind::kSample && other.kind_ == Kind::kSample &&
         std::get<SamplePtr>(data_) == std::get<SamplePtr>(other.data_);
}

std::string TypeName(const Value& value) {
  switch (value.kind()) {
    case Kind::kNil:
      return "<nil>";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kByte:
      return "uint8";
    case Kind::kFloat:
      return "float64";
    case Kind::kString:
      return "string";
    case Kind::kHtml:
      return "template.HTML";
    case Kind::kLabels:
      return "map[string]string";
    case Kind::kMap:
      return "map[string]interface {}";
    case Kind::kStruct: {
      std::string name = "struct {";
      for (const Struct::Field& field : value.structure().fields) {
        StrAppend(&name, name.ends_with('{') ? " " : "; ", field.name, " ", field.type);
      }
      return name + " }";
    }
    case Kind::kSample:
      return "*template.sample";
    case Kind::kVector:
      return "template.queryResult";
    case Kind::kTime:
      return "*time.Time";
    case Kind::kDuration:
      return "*time.Duration";
    case Kind::kHistogram:
      return "*histogram.FloatHistogram";
  }
  return "";
}

bool IsTrue(const Value& value) {
  switch (value.kind()) {
    case Kind::kNil:
      return false;
    case Kind::kBool:
      return value.boolean();
    case Kind::kInt:
    case Kind::kByte:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.number() != 0;
    case Kind::kString:
    case Kind::kHtml:
      return !value.text().empty();
    case Kind::kLabels:
      return !value.labels().empty();
    case Kind::kMap:
      return !value.map().entries.empty();
    case Kind::kVector:
      return value.vector().size() > 0;
    case Kind::kStruct:
    case Kind::kSample:
    case Kind::kTime:
    case Kind::kDuration:
    case Kind::kHistogram:
      return true;
  }
  return false;
}

}  // namespace hearth::gotemplate

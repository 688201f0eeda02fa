#include "api/v1/query_explanation.h"

namespace hearth {
namespace {

using promql::Explanation;
using promql::OperatorExplanation;

void WriteReads(const SeriesReads& reads, JsonWriter* json) {
  json->BeginObject();
  json->Key("samples").Int(reads.samples);
  json->Key("bundles").Int(reads.bundles);
  json->Key("bundleBytes").Int(reads.bundle_bytes);
  json->Key("cachedBlocks").Int(reads.cached_blocks);
  json->Key("readBlocks").Int(reads.read_blocks);
  json->EndObject();
}

void WriteOperator(const OperatorExplanation& op, JsonWriter* json) {
  json->BeginObject().Key("operator").String(op.name);
  if (!op.expression.empty()) json->Key("expression").String(op.expression);
  if (op.steps > 0) json->Key("steps").Int(op.steps);
  json->Key("series").Int(op.series);
  json->Key("columns").Int(op.columns);
  json->Key("rows").Int(op.rows);
  if (op.reads) {
    json->Key("storage");
    WriteReads(*op.reads, json);
  }
  json->Key("selfSeconds").Number(op.self_s);
  json->Key("totalSeconds").Number(op.total_s);
  if (!op.children.empty()) {
    json->Key("children").BeginArray();
    for (const OperatorExplanation& child : op.children) WriteOperator(child, json);
    json->EndArray();
  }
  json->EndObject();
}

}  // namespace

void WriteExplanation(const Explanation& explanation, JsonWriter* json) {
  json->BeginObject();
  json->Key("steps").Int(explanation.steps);
  json->Key("stepsFromCache").Int(explanation.cached_steps);
  if (explanation.root) {
    json->Key("plan");
    WriteOperator(*explanation.root, json);
  }
  json->EndObject();
}

}  // namespace hearth

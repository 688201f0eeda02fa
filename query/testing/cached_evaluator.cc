#include "query/testing/cached_evaluator.h"

#include <string>
#include <utility>

#include "model/clock.h"
#include "model/text.h"
#include "query/testing/outcome.h"

namespace hearth::promql {

CachedEvaluator::CachedEvaluator(EngineOptions options) : options_(std::move(options)) {
  options_.delayed_name_removal = false;
}

absl::Status CachedEvaluator::Check(const Queryable& storage, const QueryRequest& request) {
  if (request.instant()) return absl::OkStatus();
  if (plain_ == nullptr) {
    options_.cache_bytes = 0;
    plain_ = std::make_unique<Engine>(&storage, &SystemClock::Get(), options_);
    options_.cache_bytes = 16 << 20;
    cached_ = std::make_unique<Engine>(&storage, &SystemClock::Get(), options_);
  }
  // The second time it is kept, the third it comes from the cache and goes on from there.
  for (const int back : {5, 5, 1, 0}) {
    QueryRequest earlier = request;
    earlier.start_ms -= back * request.step_ms;
    earlier.end_ms -= back * request.step_ms;
    const std::string cached = OutcomeText(cached_->Execute(earlier));
    const std::string plain = OutcomeText(plain_->Execute(earlier));
    if (cached == plain) continue;
    return absl::InternalError(StrCat("with the result cache, ", back, " steps earlier:\n", cached,
                                      "in place of\n", plain));
  }
  return absl::OkStatus();
}

}  // namespace hearth::promql

// blackbox/promql_corpus.h
//
// PromQL expressions for tests: those of our scripts, and where $HEARTH_SHARED/conformance is at
// hand those of Prometheus' scripts and the compliance queries; and broken ones made of them.
//
// Thread safety: none.
#ifndef HEARTH_BLACKBOX_PROMQL_CORPUS_H_
#define HEARTH_BLACKBOX_PROMQL_CORPUS_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace hearth::blackbox {

// Sorted, each once. Never empty.
std::vector<std::string> PromqlCorpus();

// Deletes, repeats, swaps and inserts tokens of expressions of `corpus` (not empty): the same seed
// gives the same texts. Many are broken, some are not.
class PromqlMutator {
 public:
  PromqlMutator(const std::vector<std::string>& corpus, uint32_t seed)
      : corpus_(corpus), random_(seed) {}
  std::string Next();

 private:
  size_t Below(size_t n) { return random_() % n; }
  void Mutate(std::vector<std::string>* tokens);

  const std::vector<std::string>& corpus_;
  std::mt19937 random_;
};

}  // namespace hearth::blackbox

#endif  // HEARTH_BLACKBOX_PROMQL_CORPUS_H_

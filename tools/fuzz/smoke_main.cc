// The ordinary test of a fuzz target: its corpus, and mutations of it. Arguments: how many (20000),
// and the seed (1), which a failing run is repeated with.
#include <cstdlib>
#include <iostream>
#include <random>

#include "tools/fuzz/fuzz.h"

namespace hearth::fuzz {
namespace {

void Run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::string Mutate(const std::vector<std::string>& corpus, std::mt19937_64& random) {
  std::string input = corpus[random() % corpus.size()];
  const auto any_place = [&] { return random() % (input.size() + 1); };
  for (uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
    const size_t at = any_place();
    switch (random() % 5) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << random() % 8));
        break;
      case 1:
        input.insert(at, 1, static_cast<char>(random()));
        break;
      case 2:
        input.resize(at);
        break;
      case 3:
        input.erase(at, random() % 16);
        break;
      default: {
        const std::string& other = corpus[random() % corpus.size()];
        input.insert(at, other.substr(random() % (other.size() + 1), random() % 64));
      }
    }
  }
  return input;
}

}  // namespace
}  // namespace hearth::fuzz

int main(int argc, char** argv) {
  const long inputs = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 20'000;
  const unsigned long seed = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 1;
  std::cout << inputs << " inputs, seed " << seed << "\n" << std::flush;
  const std::vector<std::string> corpus = hearth::fuzz::Corpus();
  for (const std::string& input : corpus) hearth::fuzz::Run(input);
  std::mt19937_64 random(seed);
  for (long i = 0; i < inputs; ++i) hearth::fuzz::Run(hearth::fuzz::Mutate(corpus, random));
  return 0;
}

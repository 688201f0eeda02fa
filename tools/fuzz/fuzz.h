// tools/fuzz/fuzz.h
//
// What a fuzz target defines. It is built twice (fuzz.bzl): as an ordinary test, whose inputs are
// mutations of the corpus (smoke_main.cc), and for libFuzzer.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_FUZZ_FUZZ_H_
#define HEARTH_TOOLS_FUZZ_FUZZ_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Must not crash, hang, or allocate without measure. Aborts when an invariant does not hold.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace hearth::fuzz {

// Valid inputs, from which the smoke run starts.
std::vector<std::string> Corpus();

}  // namespace hearth::fuzz

#endif  // HEARTH_TOOLS_FUZZ_FUZZ_H_

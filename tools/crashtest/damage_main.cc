// damagetest: damages copies of a data directory and opens them: single bytes flipped, files
// truncated, files missing, an archive of a live directory. Prints the table of outcomes; fails
// when one did not start, died, gave a wrong value or kept silent about what is missing.
//
//   damagetest --flips 2000 --truncations 200 --seed 1
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <random>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "model/text.h"
#include "spdlog/fmt/fmt.h"
#include "tools/crashtest/damage_case.h"

namespace hearth::crashtest {
namespace {

namespace fs = std::filesystem;

class DamageTable {
 public:
  DamageTable(std::string root, const Contents* contents)
      : root_(std::move(root)), contents_(contents) {}

  std::string copy() const { return root_ + "/copy"; }
  // A fresh copy to damage.
  std::string Prepare(const std::string& original) {
    fs::remove_all(copy());
    fs::copy(original, copy(), fs::copy_options::recursive);
    return copy();
  }
  // Opens the copy and counts; `what` tells how it was damaged.
  void Run(const std::string& damage, const std::string& file, const std::string& what) {
    const CaseResult result = RunCase(copy(), *contents_, root_ + "/log");
    const std::string kind = file.empty() ? "-" : KindOf(file);
    ++rows_[{damage, kind}][static_cast<size_t>(result.outcome)];
    if (result.outcome == Outcome::kComplete || result.outcome == Outcome::kReported) return;
    ++bad_;
    std::cout << OutcomeName(result.outcome) << ": " << damage << " of " << file << ", " << what
              << ", " << result.missing << " samples missing\n"
              << std::flush;
  }
  void Print() const {
    std::cout << fmt::format("\n{:<12} {:<14}", "damage", "file");
    for (size_t i = 0; i < kOutcomes; ++i) {
      std::cout << fmt::format(" {:>11}", OutcomeName(static_cast<Outcome>(i)));
    }
    std::cout << "\n";
    for (const auto& [row, counts] : rows_) {
      std::cout << fmt::format("{:<12} {:<14}", row.first, row.second);
      for (const uint64_t count : counts) std::cout << fmt::format(" {:>11}", count);
      std::cout << "\n";
    }
  }
  int bad() const { return bad_; }

 private:
  const std::string root_;
  const Contents* const contents_;
  std::map<std::pair<std::string, std::string>, std::array<uint64_t, kOutcomes>> rows_;
  int bad_ = 0;
};

// A position in all the files together: large files are hit more often, each byte equally.
struct Place {
  std::string file;
  uint64_t offset;
};
Place PlaceAt(const std::string& path, const std::vector<std::string>& files, uint64_t n) {
  uint64_t all = 0;
  for (const std::string& file : files) all += fs::file_size(fs::path(path) / file);
  n %= all;
  for (const std::string& file : files) {
    const uint64_t size = fs::file_size(fs::path(path) / file);
    if (n < size) return {file, n};
    n -= size;
  }
  return {files.front(), 0};
}

// Those with a byte to change.
std::vector<std::string> NonEmpty(const std::string& path, std::vector<std::string> files) {
  std::erase_if(files,
                [&](const std::string& file) { return fs::file_size(fs::path(path) / file) == 0; });
  return files;
}

void FlipBytes(int count, const std::string& original, std::mt19937_64* random,
               DamageTable* table) {
  const std::vector<std::string> files = NonEmpty(original, FilesBelow(original));
  for (int i = 0; i < count; ++i) {
    // Half of them in a file chosen evenly, so that small files are met too.
    Place place = PlaceAt(original, files, (*random)());
    if (i % 2 == 1) {
      place.file = files[(*random)() % files.size()];
      const uint64_t size = fs::file_size(fs::path(original) / place.file);
      place.offset = (*random)() % size;
    }
    const fs::path victim = fs::path(table->Prepare(original)) / place.file;
    const char mask = static_cast<char>(1 + (*random)() % 255);
    std::fstream stream(victim, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(place.offset));
    const char byte = static_cast<char>(stream.get());
    stream.seekp(static_cast<std::streamoff>(place.offset));
    stream.put(static_cast<char>(byte ^ mask));
    stream.close();
    table->Run("flip", place.file,
               StrCat("offset ", place.offset, " of ", fs::file_size(victim), " xor ",
                      static_cast<int>(mask)));
  }
}

void Truncate(int count, const std::string& original, std::mt19937_64* random, DamageTable* table) {
  const std::vector<std::string> files = FilesBelow(original);
  for (int i = 0; i < count; ++i) {
    const std::string& file = files[(*random)() % files.size()];
    const fs::path victim = fs::path(table->Prepare(original)) / file;
    const uint64_t size = fs::file_size(victim);
    if (size == 0) continue;
    const uint64_t to = (*random)() % size;
    fs::resize_file(victim, to);
    table->Run("truncation", file, StrCat("to ", to, " of ", size));
  }
}

int Main(int argc, char** argv) {
  int flips = 2000, truncations = 200;
  uint64_t seed = 1;
  const char* test_folder = std::getenv("TEST_TMPDIR");
  std::string root = std::string(test_folder == nullptr ? "/tmp" : test_folder) + "/hearth-damage";
  CLI::App app("Damages copies of a data directory and tells what opening them gives");
  app.add_option("--flips", flips, "Single bytes to change.")->capture_default_str();
  app.add_option("--truncations", truncations, "Files to cut.")->capture_default_str();
  app.add_option("--seed", seed, "Of everything random.")->capture_default_str();
  app.add_option("--directory", root, "Where to work; emptied first.")->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  fs::remove_all(root);
  fs::create_directories(root);
  const std::string original = root + "/original", live = root + "/live";
  Contents contents;
  const absl::Status made = MakeDataDirectory(original, seed, &contents, [&] {
    // As tar would see it: while the server has it open, nothing closed.
    fs::copy(original, live, fs::copy_options::recursive);
  });
  if (!made.ok()) {
    std::cerr << "damagetest: " << made.message() << "\n";
    return 2;
  }
  std::cout << "seed " << seed << ", " << FilesBelow(original).size() << " files in " << original
            << "\n";
  std::mt19937_64 random(seed);
  DamageTable table(root, &contents);
  table.Prepare(original);
  table.Run("none", "", "");
  table.Prepare(live);
  table.Run("live copy", "", "");
  for (const std::string& file : FilesBelow(original)) {
    fs::remove(fs::path(table.Prepare(original)) / file);
    table.Run("missing", file, "");
  }
  Truncate(truncations, original, &random, &table);
  FlipBytes(flips, original, &random, &table);
  table.Print();
  std::cout << table.bad() << " bad outcomes\n";
  return table.bad() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace hearth::crashtest

int main(int argc, char** argv) { return hearth::crashtest::Main(argc, argv); }

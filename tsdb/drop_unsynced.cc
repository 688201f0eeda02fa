// DropUnsynced: the reader's side of the sync journal.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <system_error>
#include <vector>

#include "model/status.h"
#include "model/text.h"
#include "tsdb/sync_journal.h"

namespace hearth {

namespace {

namespace fs = std::filesystem;

// One change of a directory that is not durable yet.
struct EntryChange {
  char event = 0;  // C, L, R or D as in the journal.
  std::string path;
  std::string renamed_to;
  uint64_t kept = 0;  // D: the hard link that brings the file back.
  JournalFileId id = 0;
};

class Journal {
 public:
  Journal(std::string path, uint64_t seed) : path_(std::move(path)), random_(seed) {}

  absl::Status Read();
  absl::Status Drop(DroppedData* dropped);

 private:
  void Take(char event, uint64_t number, const std::string& a, const std::string& b);
  void Pend(const std::string& path, EntryChange change) {
    pending_[fs::path(path).parent_path().string()].push_back(std::move(change));
  }
  absl::Status Undo(const EntryChange& change);
  absl::Status CutTail(const std::string& path, uint64_t synced, DroppedData* dropped);

  const std::string path_;
  std::mt19937_64 random_;
  std::map<std::string, std::vector<EntryChange>> pending_;  // By directory.
  std::map<JournalFileId, uint64_t> synced_;                 // Bytes.
  std::map<std::string, JournalFileId> ids_;                 // As the process saw them last.
};

absl::Status Journal::Read() {
  std::ifstream in(path_);
  if (!in) return absl::NotFoundError(StrCat("sync journal ", path_));
  std::string line;
  while (std::getline(in, line)) {
    std::vector<std::string> fields;
    for (size_t from = 0, tab; from <= line.size(); from = tab + 1) {
      tab = std::min(line.find('\t', from), line.size());
      fields.push_back(line.substr(from, tab - from));
    }
    if (fields.size() != 4 || fields[0].size() != 1) {
      return absl::DataLossError(StrCat("sync journal ", path_, ": \"", line, "\""));
    }
    Take(fields[0][0], std::strtoull(fields[1].c_str(), nullptr, 10), fields[2], fields[3]);
  }
  return absl::OkStatus();
}

void Journal::Take(char event, uint64_t number, const std::string& a, const std::string& b) {
  const auto parse = [](const std::string& text) {
    return std::strtoull(text.c_str(), nullptr, 10);
  };
  switch (event) {
    case 'C':
      synced_[number] = 0;
      ids_[a] = number;
      return Pend(a, {.event = event, .path = a});
    case 'O':
      synced_[number] = parse(b);
      ids_[a] = number;
      return;
    case 'L':
      ids_[a] = number;
      return Pend(a, {.event = event, .path = a});
    case 'R':
      ids_.erase(a);
      ids_[b] = number;
      return Pend(b, {.event = event, .path = a, .renamed_to = b, .id = number});
    case 'D':
      ids_.erase(a);
      return Pend(a, {.event = event, .path = a, .kept = number, .id = parse(b)});
    case 'S':
      synced_[number] = std::max<uint64_t>(synced_[number], parse(a));
      return;
    case 'T':
      synced_[number] = std::min<uint64_t>(synced_[number], parse(a));
      return;
    default:
      pending_.erase(a);
  }
}

absl::Status Journal::Undo(const EntryChange& change) {
  std::error_code error;
  switch (change.event) {
    case 'R':
      fs::rename(change.renamed_to, change.path, error);
      // Perhaps the process died before it renamed.
      if (error) return absl::OkStatus();
      ids_.erase(change.renamed_to);
      ids_[change.path] = change.id;
      return absl::OkStatus();
    case 'D':
      if (change.kept == 0) return absl::OkStatus();
      // Perhaps it died before it removed, and the file is there still.
      fs::create_hard_link(StrCat(path_, ".kept/", change.kept), change.path, error);
      ids_[change.path] = change.id;
      return absl::OkStatus();
    default:
      fs::remove(change.path, error);
      ids_.erase(change.path);
      return error ? absl::InternalError(StrCat("removal of ", change.path, ": ", error.message()))
                   : absl::OkStatus();
  }
}

absl::Status Journal::CutTail(const std::string& path, uint64_t synced, DroppedData* dropped) {
  std::error_code error;
  const uint64_t size = fs::file_size(path, error);
  if (error || size <= synced) return absl::OkStatus();
  const uint64_t keep = random_() % 3 == 0 ? synced : synced + random_() % (size - synced + 1);
  if (keep == size) return absl::OkStatus();
  ++dropped->files_cut;
  dropped->bytes += size - keep;
  fs::resize_file(path, keep, error);
  // The length may reach the disk before the bytes do.
  if (!error && random_() % 4 == 0) fs::resize_file(path, size, error);
  return error ? absl::InternalError(StrCat("cutting ", path, ": ", error.message()))
               : absl::OkStatus();
}

absl::Status Journal::Drop(DroppedData* dropped) {
  for (auto& [directory, changes] : pending_) {
    const size_t survive = random_() % (changes.size() + 1);
    for (size_t i = changes.size(); i > survive; --i) {
      HEARTH_RETURN_IF_ERROR(Undo(changes[i - 1]));
      ++dropped->entries_undone;
    }
  }
  // A file with two names is cut once: the second time it is short already.
  for (const auto& [path, id] : ids_) HEARTH_RETURN_IF_ERROR(CutTail(path, synced_[id], dropped));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DroppedData> DropUnsynced(const std::string& journal_path, uint64_t seed) {
  Journal journal(journal_path, seed);
  HEARTH_RETURN_IF_ERROR(journal.Read());
  DroppedData dropped;
  HEARTH_RETURN_IF_ERROR(journal.Drop(&dropped));
  std::error_code error;
  fs::remove_all(journal_path + ".kept", error);
  return dropped;
}

}  // namespace hearth

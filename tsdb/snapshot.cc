#include "tsdb/snapshot.h"

#include <filesystem>
#include <random>
#include <string_view>
#include <system_error>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "model/status.h"
#include "model/text.h"
#include "tsdb/kill_point.h"

namespace hearth {
namespace {

constexpr std::string_view kUnfinished = ".unfinished";

void RemoveAll(const std::string& path) {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

// What a crash in the middle of an earlier snapshot left.
void RemoveUnfinished(FileSystem* fs, const std::string& snapshots) {
  const absl::StatusOr<std::vector<std::string>> names = fs->List(snapshots);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    if (name.size() == SnapshotName(0, 0).size() + kUnfinished.size() &&
        name.ends_with(kUnfinished)) {
      RemoveAll(snapshots + "/" + name);
    }
  }
}

absl::Status LinkWhenThere(FileSystem* fs, const std::string& from, const std::string& to) {
  const absl::Status linked = fs->Link(from, to);
  return absl::IsNotFound(linked) ? absl::OkStatus() : linked;
}

absl::Status Fill(const SnapshotSource& source, const std::string& root, bool skip_head) {
  FileSystem& fs = *source.fs;
  const std::string wal = root + "/wal", chunks = root + "/chunks";
  HEARTH_RETURN_IF_ERROR(fs.MakeDirs(wal));
  HEARTH_RETURN_IF_ERROR(fs.MakeDirs(chunks));
  const auto link_deletes = [&] {
    return LinkWhenThere(&fs, source.directory->root() + "/deletes", root + "/deletes");
  };
  if (skip_head) {
    HEARTH_RETURN_IF_ERROR(link_deletes());
  } else {
    HEARTH_RETURN_IF_ERROR(source.head->LinkLogs(wal, chunks, link_deletes));
  }
  PassKillPoint(KillPoint::kSnapshotLinked);
  HEARTH_RETURN_IF_ERROR(source.store->Checkpoint(root + "/store"));
  if (!skip_head) HEARTH_RETURN_IF_ERROR(source.head->SyncWal());
  for (const std::string& directory : {wal, chunks, root}) {
    HEARTH_RETURN_IF_ERROR(fs.SyncDir(directory));
  }
  return absl::OkStatus();
}

}  // namespace

std::string SnapshotName(TimeMs now, uint64_t random) {
  return StrCat(absl::FormatTime("%Y%m%d", absl::FromUnixMillis(now), absl::UTCTimeZone()), "T",
                absl::FormatTime("%H%M%S", absl::FromUnixMillis(now), absl::UTCTimeZone()), "Z-",
                absl::StrFormat("%016x", random));
}

absl::StatusOr<std::string> CreateSnapshot(const SnapshotSource& source, TimeMs now,
                                           bool skip_head) {
  FileSystem& fs = *source.fs;
  const std::string snapshots = source.directory->snapshots();
  HEARTH_RETURN_IF_ERROR(fs.MakeDirs(snapshots));
  RemoveUnfinished(&fs, snapshots);
  std::random_device device;
  const std::string name = SnapshotName(now, uint64_t{device()} << 32 | device());
  const std::string path = snapshots + "/" + name, unfinished = StrCat(path, kUnfinished);
  absl::Status status = fs.MakeDirs(unfinished + "/hearth");
  if (status.ok()) status = Fill(source, unfinished + "/hearth", skip_head);
  if (status.ok()) status = fs.SyncDir(unfinished);
  PassKillPoint(KillPoint::kSnapshotFilled);
  if (status.ok()) status = fs.Rename(unfinished, path);
  if (status.ok()) status = fs.SyncDir(snapshots);
  PassKillPoint(KillPoint::kSnapshotNamed);
  if (status.ok()) return name;
  RemoveAll(unfinished);
  return absl::Status(status.code(),
                      ToAbsl(StrCat("snapshot ", name, ": ", FromAbsl(status.message()))));
}

}  // namespace hearth

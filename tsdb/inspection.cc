#include "tsdb/inspection.h"

#include <stdlib.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "model/status.h"
#include "model/text.h"

namespace hearth {

namespace {

namespace fs = std::filesystem;

// Files that are never written to again can be shared; others are copied.
bool IsSealed(const fs::path& file) {
  const std::string folder = file.parent_path().filename().string();
  return file.extension() == ".sst" || folder == "wal" || folder == "chunks";
}

bool IsSkipped(const std::string& name) {
  return name == "LOCK" || name == "reserve" || name == "flush" || name == "quarantine";
}

absl::Status Bring(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (fs::is_directory(from)) {
    fs::create_directories(to, error);
    for (const fs::directory_entry& entry : fs::directory_iterator(from, error)) {
      HEARTH_RETURN_IF_ERROR(Bring(entry.path(), to / entry.path().filename()));
    }
  } else {
    if (IsSealed(from)) {
      fs::create_hard_link(from, to, error);
      if (!error) return absl::OkStatus();
      error.clear();
    }
    fs::copy_file(from, to, error);
  }
  if (!error) return absl::OkStatus();
  return absl::InternalError(
      StrCat("bringing \"", from.string(), "\" to \"", to.string(), "\": ", error.message()));
}

// Beside the data, where links can be made; elsewhere when that is read-only.
absl::StatusOr<std::string> TemporaryFolder(const std::string& path) {
  const char* elsewhere = getenv("TMPDIR");
  for (const std::string& parent : {path, std::string(elsewhere == nullptr ? "/tmp" : elsewhere)}) {
    std::string pattern = parent + "/hearth-inspection.XXXXXX";
    if (mkdtemp(pattern.data()) != nullptr) return pattern;
  }
  return absl::InternalError(StrCat("no temporary folder in \"", path, "\" or $TMPDIR"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Inspection>> Inspection::Open(const std::string& path) {
  const std::string root = path + "/hearth";
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    return absl::NotFoundError(StrCat("\"", path, "\" is not a data directory: no \"", root, "\""));
  }
  auto inspection = std::unique_ptr<Inspection>(new Inspection);
  if (fs::exists(root + "/LOCK", error)) {
    HEARTH_ASSIGN_OR_RETURN(inspection->lock_, PosixFileSystem().Lock(root + "/LOCK"));
  }
  HEARTH_ASSIGN_OR_RETURN(inspection->folder_, TemporaryFolder(path));
  const fs::path copy = fs::path(inspection->folder_) / "hearth";
  fs::create_directories(copy, error);
  for (const fs::directory_entry& entry : fs::directory_iterator(root, error)) {
    const fs::path name = entry.path().filename();
    if (!IsSkipped(name.string())) HEARTH_RETURN_IF_ERROR(Bring(entry.path(), copy / name));
  }
  DbOptions options;
  options.path = inspection->folder_;
  options.retention_ms = 0;
  options.compactor_interval = std::chrono::milliseconds(0);
  HEARTH_ASSIGN_OR_RETURN(inspection->db_, Db::Open(std::move(options)));
  return inspection;
}

Inspection::~Inspection() {
  db_.reset();
  std::error_code error;
  if (!folder_.empty()) fs::remove_all(folder_, error);
}

}  // namespace hearth

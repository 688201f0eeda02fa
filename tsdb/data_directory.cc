#include "tsdb/data_directory.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "model/status.h"
#include "model/text.h"
#include "spdlog/spdlog.h"

namespace hearth {

namespace {

namespace stdfs = std::filesystem;

constexpr size_t kUlidLength = 26;

bool IsUlid(std::string_view name) {
  return name.size() == kUlidLength &&
         name.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == std::string_view::npos;
}

}  // namespace

bool HoldsPrometheusData(const std::string& path, FileSystem* fs) {
  const absl::StatusOr<std::vector<std::string>> names = fs->List(path);
  return names.ok() && std::any_of(names->begin(), names->end(), [](const std::string& name) {
           return name == "wal" || name == "chunks_head" || IsUlid(name);
         });
}

absl::StatusOr<std::unique_ptr<DataDirectory>> DataDirectory::Open(const std::string& path,
                                                                   FileSystem* fs) {
  std::error_code error;
  if (stdfs::exists(path, error) && !stdfs::is_directory(path, error)) {
    return absl::InvalidArgumentError(StrCat("data directory \"", path, "\" is not a directory"));
  }
  const auto not_writable = [&](const absl::Status& cause) {
    return absl::PermissionDeniedError(
        StrCat("data directory \"", path, "\" is not writable: ", FromAbsl(cause.message())));
  };
  const std::string root = (stdfs::path(path) / "hearth").string();
  if (const absl::Status made = fs->MakeDirs(root); !made.ok()) {
    return absl::IsResourceExhausted(made) ? made : not_writable(made);
  }
  if (access(root.c_str(), W_OK | X_OK) != 0) {
    return not_writable(absl::PermissionDeniedError(StrCat("no permission for ", root)));
  }
  auto directory = std::unique_ptr<DataDirectory>(new DataDirectory(path, root));
  absl::StatusOr<std::unique_ptr<FileLock>> lock = fs->Lock(root + "/LOCK");
  if (absl::IsFailedPrecondition(lock.status())) {
    return absl::FailedPreconditionError(
        StrCat("data directory \"", path, "\" is locked by another process"));
  }
  if (!lock.ok()) return not_writable(lock.status());
  directory->lock_ = *std::move(lock);
  if (HoldsPrometheusData(path, fs)) {
    spdlog::warn(
        "data directory \"{}\" also holds data of a Prometheus server; it is neither read nor "
        "changed",
        path);
  }
  return directory;
}

}  // namespace hearth

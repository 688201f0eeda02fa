// config/path_resolver.h
//
// Resolves the file names that a configuration holds against the folder of its file, by walking
// Fields: a row that says Path is one. Internal to config/.
#ifndef HEARTH_CONFIG_PATH_RESOLVER_H_
#define HEARTH_CONFIG_PATH_RESOLVER_H_

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "config/fields.h"

namespace hearth {
namespace config_internal {

// The visitor that Fields calls.
class PathResolver {
 public:
  // `folder` ends with '/' unless empty.
  explicit PathResolver(std::string_view folder) : folder_(folder) {}

  void Path(std::string_view, std::string* path, Show = Show::kUnlessEmpty) {
    if (path->empty() || path->front() == '/') return;
    *path = (std::filesystem::path(folder_) / *path).lexically_normal().string();
  }
  void Path(std::string_view key, std::vector<std::string>* paths, Show = Show::kUnlessEmpty) {
    for (std::string& path : *paths) Path(key, &path);
  }
  template <typename T>
  void operator()(std::string_view, T* field, Show = Show::kUnlessEmpty) {
    Walk(field);
  }
  template <typename T>
  void List(std::string_view, std::vector<T>* field, std::string_view) {
    Walk(field);
  }
  template <typename T>
  void Discovery(std::string_view, std::vector<T>* field) {
    Walk(field);
  }
  template <typename T>
  void Inline(T* section) {
    Fields(*this, *section);
  }

  template <typename T>
  void Walk(std::optional<T>* field) {
    if (*field) Walk(&**field);
  }
  template <typename T>
  void Walk(std::vector<T>* field) {
    if constexpr (!std::is_same_v<T, bool>) {
      for (T& item : *field) Walk(&item);
    }
  }
  template <typename T>
  void Walk(std::map<std::string, T>* field) {
    for (auto& [key, value] : *field) Walk(&value);
  }
  template <typename T>
  void Walk(T* field) {
    if constexpr (requires { Fields(*this, *field); }) Fields(*this, *field);
  }

 private:
  const std::string_view folder_;
};

}  // namespace config_internal

// Resolves every path in `section`, which was read from the file `filename`.
template <typename T>
void ResolvePaths(std::string_view filename, T* section) {
  config_internal::PathResolver resolver(filename.substr(0, filename.rfind('/') + 1));
  resolver.Walk(section);
}

}  // namespace hearth

#endif  // HEARTH_CONFIG_PATH_RESOLVER_H_

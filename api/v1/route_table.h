// api/v1/route_table.h
//
// Every path that the server answers, one row each: who may call it, what runs, where, and how
// large a body may be. To add an endpoint, write its handler and add its row.
//
// Thread safety: immutable.
#ifndef HEARTH_API_V1_ROUTE_TABLE_H_
#define HEARTH_API_V1_ROUTE_TABLE_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "api/v1/handlers.h"
#include "http/server.h"

namespace hearth {

// Methods as bits. HEAD is answered wherever GET is.
inline constexpr unsigned kGet = 1, kPost = 2, kPut = 4;
inline constexpr unsigned kAnyMethod = 8;  // The handler judges the method itself.

struct Route {
  unsigned methods;
  // Below the route prefix. A last-but-one segment `:name` stands for one segment. Also the
  // `handler` label of the metrics.
  std::string_view pattern;
  ApiHandler handler;
  http::Lane lane;
  size_t body_bytes_max;
  bool needs_ready;  // 503 before the server is ready and while it stops.
  // Asked first about a GET, on the IO thread; null = never.
  AtOnceHandler at_once = nullptr;
};

std::span<const Route> Routes();

// The row for a path below the prefix, or null; *parameter is what `:name` stood for.
const Route* FindRoute(std::string_view path, std::string* parameter);

// "GET, POST" for an Allow header.
std::string MethodList(unsigned methods);
bool MethodAllowed(unsigned methods, std::string_view method);

}  // namespace hearth

#endif  // HEARTH_API_V1_ROUTE_TABLE_H_

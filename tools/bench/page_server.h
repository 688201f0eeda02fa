// tools/bench/page_server.h
//
// The scrape generator: N targets of M series each, at /t/<i>/metrics of one port. Pages are
// rendered and compressed before their time by a thread of its own, so answering a scrape is a
// copy.
//
// Thread safety: Start once; the accessors from any thread.
#ifndef HEARTH_TOOLS_BENCH_PAGE_SERVER_H_
#define HEARTH_TOOLS_BENCH_PAGE_SERVER_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "http/server.h"
#include "model/mutex.h"
#include "tools/bench/exposition_page.h"

namespace hearth::bench {

struct PageServerOptions {
  std::string listen = "127.0.0.1:0";
  int targets = 20;
  int64_t series = 2000;  // A target.
  uint64_t seed = 1;
  TimeMs move_ms = 1000;  // Values make one step in this time. > 0
};

class PageServer {
 public:
  // Renders the first pages, then listens. Errors: those of http::Server::Start.
  static absl::StatusOr<std::unique_ptr<PageServer>> Start(PageServerOptions options);
  ~PageServer();

  int port() const { return server_->port(); }
  int64_t scrapes() const { return scrapes_; }
  // Steps whose pages came late, because rendering took longer than move_ms.
  int64_t late() const { return late_; }

 private:
  struct Pages {
    std::string plain;
    std::string gzip;
  };
  struct Target {
    std::unique_ptr<SeriesModel> model;
    std::unique_ptr<ExpositionPage> page;
    std::shared_ptr<const Pages> current;  // Guarded by mu_ of the server.
  };

  explicit PageServer(PageServerOptions options);
  static std::shared_ptr<const Pages> RenderPages(const ExpositionPage& page);
  http::Dispatch Route(const http::Request& head);
  http::Response Answer(size_t target, const http::Request& request);
  // Renders each step ahead and shows it when its time comes, until told to stop.
  void MoveLoop();

  const PageServerOptions options_;
  std::atomic<int64_t> scrapes_{0};
  std::atomic<int64_t> late_{0};
  Mutex mu_;
  CondVar stop_changed_;
  bool stop_ GUARDED_BY(mu_) = false;
  std::vector<Target> targets_;  // The vector is constant once the server has started.
  std::thread mover_;
  std::unique_ptr<http::Server> server_;  // Last: its handlers use the rest.
};

}  // namespace hearth::bench

#endif  // HEARTH_TOOLS_BENCH_PAGE_SERVER_H_

#include "tools/bench/page_server.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>

#include "http/gzip.h"
#include "model/status.h"

namespace hearth::bench {
namespace {

constexpr std::string_view kPathBegin = "/t/";
constexpr std::string_view kPathEnd = "/metrics";

// The number in "/t/<number>/metrics"; -1 for other paths.
int64_t TargetOf(std::string_view path) {
  if (!path.starts_with(kPathBegin) || !path.ends_with(kPathEnd)) return -1;
  if (path.size() <= kPathBegin.size() + kPathEnd.size()) return -1;
  path = path.substr(kPathBegin.size(), path.size() - kPathBegin.size() - kPathEnd.size());
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
  return error == std::errc() && end == path.data() + path.size() ? number : -1;
}

}  // namespace

PageServer::PageServer(PageServerOptions options) : options_(std::move(options)) {
  for (int i = 0; i < options_.targets; ++i) {
    SeriesOptions series;
    series.series = options_.series;
    series.seed = options_.seed + static_cast<uint64_t>(i);
    Target target;
    target.model = std::make_unique<SeriesModel>(series);
    target.page = std::make_unique<ExpositionPage>(target.model.get());
    target.current = RenderPages(*target.page);
    targets_.push_back(std::move(target));
  }
}

absl::StatusOr<std::unique_ptr<PageServer>> PageServer::Start(PageServerOptions options) {
  std::unique_ptr<PageServer> pages(new PageServer(std::move(options)));
  http::ServerOptions server_options;
  server_options.listen_addresses = {pages->options_.listen};
  // A scraper may keep a connection for each target, and there are several scrapers.
  server_options.connections_max = std::max(512, pages->options_.targets * 5);
  HEARTH_ASSIGN_OR_RETURN(pages->server_,
                          http::Server::Start(server_options, [p = pages.get()](const auto& head) {
                            return p->Route(head);
                          }));
  pages->mover_ = std::thread([p = pages.get()] { p->MoveLoop(); });
  return pages;
}

PageServer::~PageServer() {
  if (server_ != nullptr) server_->Stop(0);
  {
    MutexLock lock(&mu_);
    stop_ = true;
    stop_changed_.SignalAll();
  }
  if (mover_.joinable()) mover_.join();
}

std::shared_ptr<const PageServer::Pages> PageServer::RenderPages(const ExpositionPage& page) {
  auto pages = std::make_shared<Pages>();
  page.Render(&pages->plain);
  http::GzipCompress(pages->plain, 1, &pages->gzip);
  return pages;
}

http::Dispatch PageServer::Route(const http::Request& head) {
  const int64_t target = TargetOf(head.path);
  http::Dispatch dispatch;
  if (target < 0 || target >= static_cast<int64_t>(targets_.size())) {
    dispatch.handle = [](const http::Request&) {
      return http::Response::Text(404, "want /t/<target>/metrics\n");
    };
    return dispatch;
  }
  dispatch.handle = [this, target](const http::Request& request) {
    return Answer(static_cast<size_t>(target), request);
  };
  return dispatch;
}

http::Response PageServer::Answer(size_t target, const http::Request& request) {
  ++scrapes_;
  std::shared_ptr<const Pages> pages;
  {
    MutexLock lock(&mu_);
    pages = targets_[target].current;
  }
  http::Response response;
  response.headers.Add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  if (request.headers.Get("Accept-Encoding").find("gzip") != std::string_view::npos) {
    response.headers.Add("Content-Encoding", "gzip");
    response.body = pages->gzip;
  } else {
    response.body = pages->plain;
  }
  return response;
}

void PageServer::MoveLoop() {
  using SteadyClock = std::chrono::steady_clock;
  const std::chrono::milliseconds step(options_.move_ms);
  SteadyClock::time_point due = SteadyClock::now() + step;
  std::vector<std::shared_ptr<const Pages>> next(targets_.size());
  for (;; due += step) {
    for (size_t i = 0; i < targets_.size(); ++i) {
      targets_[i].page->Advance();
      next[i] = RenderPages(*targets_[i].page);
      MutexLock lock(&mu_);
      if (stop_) return;
    }
    if (SteadyClock::now() > due) {
      ++late_;
      due = SteadyClock::now();
    }
    MutexLock lock(&mu_);
    for (auto now = SteadyClock::now(); !stop_ && now < due; now = SteadyClock::now()) {
      stop_changed_.WaitFor(&mu_, std::chrono::ceil<std::chrono::milliseconds>(due - now));
    }
    if (stop_) return;
    for (size_t i = 0; i < targets_.size(); ++i) targets_[i].current = std::move(next[i]);
  }
}

}  // namespace hearth::bench

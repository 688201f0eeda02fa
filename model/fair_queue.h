// model/fair_queue.h
//
// A queue in which every key (a client) has a line of its own, first come first served, and the
// lines take turns: who sends a hundred requests waits for them alone.
//
// Thread safety: none; the owner's lock guards it.
#ifndef HEARTH_MODEL_FAIR_QUEUE_H_
#define HEARTH_MODEL_FAIR_QUEUE_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace hearth {

template <typename T>
class FairQueue {
 public:
  void Push(std::string_view key, T item) {
    auto it = lines_.find(key);
    if (it == lines_.end()) {
      it = lines_.emplace(std::string(key), std::deque<T>()).first;
      turns_.push_back(it);
    }
    it->second.push_back(std::move(item));
    ++size_;
  }

  // The first item of the line whose turn it is. The queue must not be empty.
  T Pop() {
    const auto line = turns_.front();
    turns_.pop_front();
    T item = std::move(line->second.front());
    line->second.pop_front();
    --size_;
    if (line->second.empty()) {
      lines_.erase(line);
    } else {
      turns_.push_back(line);
    }
    return item;
  }

  // Takes `item` out of its line; nothing happens when it is not there.
  void Remove(std::string_view key, const T& item) {
    const auto line = lines_.find(key);
    if (line == lines_.end()) return;
    const auto place = std::find(line->second.begin(), line->second.end(), item);
    if (place == line->second.end()) return;
    line->second.erase(place);
    --size_;
    if (!line->second.empty()) return;
    turns_.remove(line);
    lines_.erase(line);
  }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

 private:
  using Lines = std::map<std::string, std::deque<T>, std::less<>>;

  Lines lines_;                                // None is empty.
  std::list<typename Lines::iterator> turns_;  // Of all lines.
  size_t size_ = 0;
};

}  // namespace hearth

#endif  // HEARTH_MODEL_FAIR_QUEUE_H_

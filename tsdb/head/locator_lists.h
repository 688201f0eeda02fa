// tsdb/head/locator_lists.h
//
// LocatorLists: the closed chunks of every series, as singly linked lists in one pool, so that a
// series pays four bytes for its list and 28 for each chunk. A list runs from the newest chunk to
// the oldest.
//
// Thread safety: none; the head's commit lock guards it.
#ifndef HEARTH_TSDB_HEAD_LOCATOR_LISTS_H_
#define HEARTH_TSDB_HEAD_LOCATOR_LISTS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "tsdb/head/chunk_log.h"

namespace hearth {

class LocatorLists {
 public:
  using List = uint32_t;  // 0 = empty.

  // Inserts by time; nearly always in front.
  void Insert(const ChunkLocator& locator, List* list) {
    List* link = list;
    while (*link != 0 && At(*link).locator.mint > locator.mint) link = &At(*link).next;
    const List node = NewNode();
    At(node) = Node{locator, *link};
    *link = node;
  }

  // Calls fn(locator) from the newest chunk to the oldest.
  template <typename Fn>
  void ForEach(List list, Fn fn) const {
    for (; list != 0; list = At(list).next) fn(At(list).locator);
  }

  // Removes the locators for which fn(locator) is true.
  template <typename Fn>
  void RemoveIf(List* list, Fn fn) {
    for (List* link = list; *link != 0;) {
      const List node = *link;
      if (fn(static_cast<const ChunkLocator&>(At(node).locator))) {
        *link = At(node).next;
        At(node).next = free_;
        free_ = node;
        --size_;
      } else {
        link = &At(node).next;
      }
    }
  }

  // The newest locator; the list must not be empty.
  const ChunkLocator& Newest(List list) const { return At(list).locator; }

  static constexpr size_t kNodeBytes = sizeof(ChunkLocator) + sizeof(List);
  size_t size() const { return size_; }
  size_t bytes() const { return pages_.size() * sizeof(Page); }

 private:
  struct Node {
    ChunkLocator locator;
    List next;
  };
  static constexpr size_t kPageNodes = 1024;
  using Page = std::array<Node, kPageNodes>;

  Node& At(List node) { return (*pages_[node / kPageNodes])[node % kPageNodes]; }
  const Node& At(List node) const { return (*pages_[node / kPageNodes])[node % kPageNodes]; }

  List NewNode() {
    ++size_;
    if (free_ != 0) {
      const List node = free_;
      free_ = At(node).next;
      return node;
    }
    if (untouched_ == pages_.size() * kPageNodes) {
      pages_.push_back(std::make_unique_for_overwrite<Page>());
      if (untouched_ == 0) untouched_ = 1;  // Node 0 stands for the empty list.
    }
    return untouched_++;
  }

  std::vector<std::unique_ptr<Page>> pages_;
  List free_ = 0;
  List untouched_ = 0;
  size_t size_ = 0;
};

}  // namespace hearth

#endif  // HEARTH_TSDB_HEAD_LOCATOR_LISTS_H_

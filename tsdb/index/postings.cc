#include "tsdb/index/postings.h"

#include <algorithm>
#include <bit>
#include <iterator>

namespace hearth {
namespace {

// Above this ratio of sizes a search in the longer list beats walking it.
constexpr size_t kGallopRatio = 16;
// A bitmap merges lists when its words are at most this many times the ids.
constexpr size_t kBitmapWordsPerId = 4;

// The first element of [first, last) that is not below `id`, searched for in growing strides from
// the front.
const uint32_t* Gallop(const uint32_t* first, const uint32_t* last, uint32_t id) {
  size_t stride = 1;
  while (static_cast<size_t>(last - first) > stride && first[stride] < id) {
    first += stride;
    stride *= 2;
  }
  const size_t length = std::min<size_t>(stride + 1, static_cast<size_t>(last - first));
  return std::lower_bound(first, first + length, id);
}

Postings IntersectBySearch(PostingsView small, PostingsView large) {
  Postings out;
  out.reserve(small.size());
  const uint32_t* at = large.data();
  const uint32_t* const last = large.data() + large.size();
  for (const uint32_t id : small) {
    at = Gallop(at, last, id);
    if (at == last) break;
    if (*at == id) out.push_back(id);
  }
  return out;
}

Postings MergeByBitmap(std::span<const PostingsView> lists, size_t total, uint32_t largest) {
  std::vector<uint64_t> words(size_t{largest} / 64 + 1);
  for (const PostingsView list : lists) {
    for (const uint32_t id : list) words[id / 64] |= uint64_t{1} << (id % 64);
  }
  Postings out;
  out.reserve(total);
  for (size_t i = 0; i < words.size(); ++i) {
    for (uint64_t word = words[i]; word != 0; word &= word - 1) {
      out.push_back(static_cast<uint32_t>(i * 64 + static_cast<size_t>(std::countr_zero(word))));
    }
  }
  return out;
}

Postings MergeBySort(std::span<const PostingsView> lists, size_t total) {
  Postings out;
  out.reserve(total);
  for (const PostingsView list : lists) out.insert(out.end(), list.begin(), list.end());
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

Postings Intersect(PostingsView a, PostingsView b) {
  if (a.size() > b.size()) std::swap(a, b);
  if (a.size() * kGallopRatio < b.size()) return IntersectBySearch(a, b);
  Postings out;
  out.reserve(a.size());
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

bool Intersects(PostingsView a, PostingsView b) {
  if (a.size() > b.size()) std::swap(a, b);
  const bool search = a.size() * kGallopRatio < b.size();
  const uint32_t* at = b.data();
  const uint32_t* const last = b.data() + b.size();
  for (const uint32_t id : a) {
    if (search) {
      at = Gallop(at, last, id);
    } else {
      while (at != last && *at < id) ++at;
    }
    if (at == last) return false;
    if (*at == id) return true;
  }
  return false;
}

Postings Merge(std::span<const PostingsView> lists) {
  size_t total = 0, filled = 0;
  uint32_t largest = 0;
  PostingsView last_filled;
  for (const PostingsView list : lists) {
    if (list.empty()) continue;
    total += list.size();
    largest = std::max(largest, list.back());
    last_filled = list;
    ++filled;
  }
  if (filled <= 1) return Postings(last_filled.begin(), last_filled.end());
  return largest / 64 <= total * kBitmapWordsPerId ? MergeByBitmap(lists, total, largest)
                                                   : MergeBySort(lists, total);
}

Postings Without(PostingsView a, PostingsView b) {
  Postings out;
  out.reserve(a.size());
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

}  // namespace hearth

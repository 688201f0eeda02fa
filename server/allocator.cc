// Settings of jemalloc, which the binary links in place of glibc's malloc: resident memory follows
// what is live. Freed pages go back within a second, by a thread of jemalloc's own; two arenas are
// enough for the few threads that allocate much. Large answers are no exception (oversize_threshold:
// their memory would go back at once, and be zeroed again for the next one).

extern "C" {
// Read by jemalloc before main. The name is its interface.
extern const char* malloc_conf;
const char* malloc_conf = "background_thread:true,narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0,oversize_threshold:0";
}

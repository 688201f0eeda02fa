// Debian's RocksDB is built without TSan, which therefore does not see the atomic reference counts
// that order a version's last use before its deletion, and reports every such delete as a race.
// Frames of RocksDB are exempt; our own code is not. Linked into tests by store_fixture.
#if defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:^rocksdb::\n"; }
#endif

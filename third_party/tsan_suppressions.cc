// What TSan cannot see: Debian's libraries are built without it, so the atomic reference counts inside them, which order the last use
// of a thing before its deletion, are invisible, and each such deletion is reported as a race. Frames of these libraries are exempt;
// our own code is not, but for one callback in which the deletion of an absl::Status is a tail call and leaves no frame of its own.
// Linked into every test by gtest_main. gRPC makes hundreds of reports: its tests carry the tag no_tsan instead.
#if defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:^rocksdb::\n"
         "race:^absl::debian3::Status::UnrefNonInlined\n"
         "race:HttpFetcher::Fetch\n";
}
#endif

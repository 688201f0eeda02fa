"""Fuzz targets: each is an ordinary test, and with clang a libFuzzer binary."""

def fuzz_test(name, srcs, deps):
    """Defines the test `name` and the binary `name`_libfuzzer.

    bazel run --config=clang --config=fuzz //tsdb/chunk:chunk_fuzz_libfuzzer -- -max_total_time=60

    Args:
      name: of the test.
      srcs: what tools/fuzz/fuzz.h declares.
      deps: of srcs, with //tools/fuzz.
    """
    native.cc_test(
        name = name,
        srcs = srcs,
        deps = deps + ["//tools/fuzz:smoke_main"],
    )
    native.cc_binary(
        name = name + "_libfuzzer",
        testonly = True,
        srcs = srcs,
        linkopts = ["-fsanitize=fuzzer"],
        tags = ["manual"],
        deps = deps,
    )

"""One rule for a library of the system: headers are the compiler's own search path, linking is by flag."""

def system_library(name, libs = [], static_libs = None, defines = [], linkopts = [], deps = []):
    """Declares a library that Debian's packages provide.

    Args:
      name: target name; the package that provides it stands in tools/setup.sh.
      libs: names for -l, in link order.
      static_libs: names whose .a is linked in optimised builds; default: the same as libs. [] = always shared.
      defines: preprocessor definitions for every user.
      linkopts: further link flags.
      deps: other system libraries that this one needs.
    """
    if static_libs == None:
        static_libs = libs
    shared = ["-l" + lib for lib in libs]
    if static_libs:
        static = ["-Wl,--start-group"] + ["-l:lib%s.a" % lib for lib in static_libs] + ["-Wl,--end-group"]
    else:
        static = shared
    native.cc_library(
        name = name,
        defines = defines,
        linkopts = select({
            "//third_party:static": static,
            "//conditions:default": shared,
        }) + linkopts,
        visibility = ["//visibility:public"],
        deps = deps,
    )

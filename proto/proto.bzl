"""C++ from .proto texts by the system's protoc. Generated code is compiled without our warnings."""

def hearth_proto(name, src, imports = [], deps = [], grpc = False):
    """Declares a cc_library of the messages (and, with grpc, the services) of one .proto.

    Args:
      name: target name; include its header as "<path of src without .proto>.pb.h" (".grpc.pb.h").
      src: the .proto, named by its path below this package.
      imports: the .proto files that it imports.
      deps: the hearth_proto targets of those.
      grpc: whether services are generated too.
    """
    stem = src[:-len(".proto")]
    headers = [stem + ".pb.h"] + ([stem + ".grpc.pb.h"] if grpc else [])
    sources = [stem + ".pb.cc"] + ([stem + ".grpc.pb.cc"] if grpc else [])
    cmd = "protoc -I. --cpp_out=$(GENDIR) $(location %s)" % src
    if grpc:
        cmd += " && protoc -I. --grpc_out=$(GENDIR) --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin $(location %s)" % src
    native.genrule(
        name = name + "_generated",
        srcs = [src] + imports,
        outs = headers + sources,
        cmd = cmd,
    )
    native.cc_library(
        name = name,
        srcs = sources,
        hdrs = headers,
        copts = ["-w"],
        deps = deps + ["//third_party:protobuf"] + (["//third_party:grpc"] if grpc else []),
    )

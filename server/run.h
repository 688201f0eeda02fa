// server/run.h
//
// The life of the process: flags in, server up, then signals. SIGHUP reloads, SIGTERM and SIGINT
// stop.
//
// Thread safety: once a process, from its main thread before any other is started.
#ifndef HEARTH_SERVER_RUN_H_
#define HEARTH_SERVER_RUN_H_

#include "server/server.h"

namespace hearth {

// Returns the exit code: 0 after a signal or --help, 1 when the server cannot start (one line in
// the log says why).
int RunHearth(int argc, char** argv, const ServerSeams& seams);

}  // namespace hearth

#endif  // HEARTH_SERVER_RUN_H_

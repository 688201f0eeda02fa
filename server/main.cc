// hearth: the monitoring server.
#include "server/run.h"

int main(int argc, char** argv) { return hearth::RunHearth(argc, argv, {}); }

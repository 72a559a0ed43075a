// Must be found: the core with a planted fault. A campaign in which this target finds nothing has failed.
#include "fuzz/harness/program_target.h"
#include "fuzz/oracle/canary.h"

SLUICE_PROGRAM_TARGET(sluice::fuzz::CanarySubject)

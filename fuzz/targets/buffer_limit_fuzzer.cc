// Hunts wrong byte accounting and missed overflows: many writes of many sizes against small and huge limits.
#include "fuzz/harness/program_target.h"

SLUICE_PROGRAM_TARGET(sluice::fuzz::CoreSubject)

// Hunts everything: any program over the whole language, under every oracle.
#include "fuzz/harness/program_target.h"

SLUICE_PROGRAM_TARGET(sluice::fuzz::CoreSubject)

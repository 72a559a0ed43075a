// Hunts state that is remembered across user code: start, size, write, close, abort, signal listeners and `then`
// getters that call back into the stream (bugs S1, S8, S16, N2, U1 to U6 of the corpus).
#include "fuzz/harness/program_target.h"

SLUICE_PROGRAM_TARGET(sluice::fuzz::CoreSubject)

// The tick models, which every host has (src/core/tick_model.h).
#ifndef SLUICE_SIM_TICK_MODEL_H_
#define SLUICE_SIM_TICK_MODEL_H_

#include "src/core/tick_model.h"

namespace sluice::sim {

using core::kTickModelCount;
using core::TickModel;

}  // namespace sluice::sim

#endif  // SLUICE_SIM_TICK_MODEL_H_

#include "src/v8/globals.h"

namespace sluice::binding {

void ExposeAll(v8::Local<v8::Context>) {}

}  // namespace sluice::binding

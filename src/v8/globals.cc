#include "src/v8/globals.h"

#include "src/v8/dom/dom.h"

namespace sluice::binding {

void ExposeAll(v8::Local<v8::Context> context) { ExposeDom(context); }

}  // namespace sluice::binding

#include "src/v8/dom/dom.h"

#include "src/v8/dom/abort_signal.h"
#include "src/v8/dom/dom_data.h"
#include "src/v8/dom/dom_exception.h"
#include "src/v8/dom/event.h"
#include "src/v8/dom/event_target.h"

namespace sluice::binding {

void ExposeDom(v8::Local<v8::Context> context) {
  ExposeDomException(context);
  for (const Interface* const interface : {&kEventTargetInterface, &kEventInterface, &kCustomEventInterface,
                                           &kAbortControllerInterface, &kAbortSignalInterface}) {
    Expose(context, *interface);
  }
}

double CurrentHighResolutionTime(v8::Isolate* isolate) { return DomData::Of(isolate).Now(); }

}  // namespace sluice::binding

#include "src/v8/globals.h"

#include "src/v8/bootstrap.h"
#include "src/v8/dom/dom.h"
#include "src/v8/stream_object.h"

namespace sluice::binding {

void ExposeAll(v8::Local<v8::Context> context) {
  InitializeRealm(context);
  ExposeDom(context);
  for (const Interface* interface :
       {&kWritableStreamInterface, &kWritableStreamDefaultWriterInterface, &kWritableStreamDefaultControllerInterface,
        &kByteLengthQueuingStrategyInterface, &kCountQueuingStrategyInterface}) {
    Expose(context, *interface);
  }
}

}  // namespace sluice::binding

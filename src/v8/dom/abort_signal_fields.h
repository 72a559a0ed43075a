// The internal fields of AbortSignal, for its own two files.
#ifndef SLUICE_V8_DOM_ABORT_SIGNAL_FIELDS_H_
#define SLUICE_V8_DOM_ABORT_SIGNAL_FIELDS_H_

#include <v8.h>

#include "src/v8/dom/event_target.h"

namespace sluice::binding {
namespace abort_signal {

enum Fields {
  kReason = event_target::kEnd,  // undefined: not aborted
  kOnAbort,                      // the listener of the event handler
  kAlgorithms,                   // a list
  kDependents,                   // a list of links
  kDependency,                   // a dependent signal's link, or the number of a timeout, or undefined
  kWeakId,                       // in the WeakTable; undefined: not in there yet
  kEnd
};

// What a dependent signal and all its sources share.
namespace link {
enum Fields {
  kSources,  // a list of signals and of weak numbers
  kStrong,   // the dependent signal while it is listened to, or undefined
  kId,       // its weak number
  kEnd
};
}  // namespace link

}  // namespace abort_signal

// As the public one. `stack` is kEmpty when a task does it.
void SignalAbort(v8::Local<v8::Context> context, v8::Local<v8::Object> signal, v8::Local<v8::Value> reason,
                 Stack stack);

}  // namespace sluice::binding

#endif  // SLUICE_V8_DOM_ABORT_SIGNAL_FIELDS_H_

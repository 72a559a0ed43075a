// AbortController and AbortSignal. https://dom.spec.whatwg.org/#aborting-ongoing-activities
//
//   v8::Local<v8::Object> signal;
//   if (!NewAbortSignal(context).ToLocal(&signal)) return;        // execution is being terminated
//   ...
//   SignalAbort(context, signal, reason);                         // runs author code
//
// What keeps what alive. A signal holds its reason, listeners and algorithms. It holds a signal that depends on it
// (made by AbortSignal.any) only while that one is listened to: while it has abort listeners or algorithms. A dependent
// signal holds those of its sources that a timer will abort, and a timer holds its signal only while the signal, or one
// that depends on it, is listened to. So no signal that could still be seen to abort is collected, and every other one
// is. https://dom.spec.whatwg.org/#abort-signal-garbage-collection
#ifndef SLUICE_V8_DOM_ABORT_SIGNAL_H_
#define SLUICE_V8_DOM_ABORT_SIGNAL_H_

#include <v8.h>

#include <span>

#include "src/v8/web_idl.h"

namespace sluice::binding {

extern const Interface kAbortSignalInterface;
extern const Interface kAbortControllerInterface;

// A new signal of the realm of `context`, not aborted. These are empty only when execution is being terminated.
v8::MaybeLocal<v8::Object> NewAbortSignal(v8::Local<v8::Context> context);
// One that is aborted. `reason` undefined: a new "AbortError" DOMException.
v8::MaybeLocal<v8::Object> NewAbortedSignal(v8::Local<v8::Context> context, v8::Local<v8::Value> reason);

// https://dom.spec.whatwg.org/#abortsignal-signal-abort. Nothing if `signal` is aborted. `reason` undefined: a new
// "AbortError" DOMException. Runs abort algorithms and listeners, which are author code, of `signal` and of those that
// depend on it; what they throw is reported, so that nothing but termination is pending afterwards.
void SignalAbort(v8::Local<v8::Context> context, v8::Local<v8::Object> signal, v8::Local<v8::Value> reason);

bool IsAborted(v8::Local<v8::Object> signal);
// Undefined if it is not aborted.
v8::Local<v8::Value> AbortReason(v8::Local<v8::Object> signal);

// https://dom.spec.whatwg.org/#create-a-dependent-abort-signal. Empty only when execution is being terminated.
v8::MaybeLocal<v8::Object> NewDependentSignal(v8::Local<v8::Context> context,
                                              std::span<const v8::Local<v8::Object>> signals);

// ---- For event_target.cc

// The abort algorithm of a listener that was added with a signal. `listener` holds `signal`, not the other way round.
void RemoveListenerOnAbort(v8::Local<v8::Context> context, v8::Local<v8::Object> signal,
                           v8::Local<v8::Object> listener);
// Listeners of `type` were added to `target` or removed from it, which need not be a signal.
void ListenersChanged(v8::Local<v8::Object> target, v8::Local<v8::String> type);

}  // namespace sluice::binding

#endif  // SLUICE_V8_DOM_ABORT_SIGNAL_H_

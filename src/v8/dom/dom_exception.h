// DOMException. https://webidl.spec.whatwg.org/#idl-DOMException
//
//   ThrowDOMException(context, "The event is already being dispatched", "InvalidStateError");
#ifndef SLUICE_V8_DOM_DOM_EXCEPTION_H_
#define SLUICE_V8_DOM_DOM_EXCEPTION_H_

#include <v8.h>

#include <string_view>

#include "src/v8/web_idl.h"

namespace sluice::binding {

extern const Interface kDomExceptionInterface;

// A new DOMException of `context`, with `stack`. `message` is an ErrorText, `name` ASCII. Empty only when execution is
// being terminated.
v8::MaybeLocal<v8::Object> NewDOMException(v8::Local<v8::Context> context, std::string_view message,
                                           std::string_view name);
// One without `stack`, which takes no JavaScript to make.
v8::MaybeLocal<v8::Object> NewDOMExceptionWithoutStack(v8::Local<v8::Context> context, v8::Local<v8::String> message,
                                                       v8::Local<v8::String> name);
// Of what Implements() kDomExceptionInterface.
v8::Local<v8::String> DOMExceptionName(v8::Local<v8::Object> exception);
v8::Local<v8::String> DOMExceptionMessage(v8::Local<v8::Object> exception);
// Throws in the isolate's current execution.
void ThrowDOMException(v8::Local<v8::Context> context, std::string_view message, std::string_view name);

// Expose(), and what a table cannot say: the prototype's prototype is %Error.prototype%.
void ExposeDomException(v8::Local<v8::Context> context);

}  // namespace sluice::binding

#endif  // SLUICE_V8_DOM_DOM_EXCEPTION_H_

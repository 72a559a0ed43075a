// TextEncoder and TextDecoder: https://encoding.spec.whatwg.org/#api
//
// Of the decoders there are UTF-8, UTF-16LE, UTF-16BE and windows-1252, with all their labels. Another label is a
// RangeError that says so.
#ifndef SLUICE_RUNTIME_TEXT_ENCODING_H_
#define SLUICE_RUNTIME_TEXT_ENCODING_H_

#include <v8.h>

#include "src/runtime/text_decoder.h"

namespace sluice::runtime {

// Empty with an exception pending if it is longer than a string can be.
v8::MaybeLocal<v8::String> ToString(v8::Isolate* isolate, const DecodedText& text);

// Defines both on the global object of `context`. The isolate has a binding::IsolateData.
void ExposeTextEncoding(v8::Local<v8::Context> context);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_TEXT_ENCODING_H_

// structuredClone: https://html.spec.whatwg.org/#dom-structuredclone
//
// On V8's ValueSerializer. ArrayBuffers can be transferred. DOMExceptions can be cloned; events, signals and the coders
// cannot, as the standard has it. Streams cannot be
// transferred, because there are no message ports to transfer them through; cloned, a stream is an empty object, and
// not the error it should be: the serializer of V8 10.2 asks about objects with internal fields only, and streams are
// JavaScript's own.
#ifndef SLUICE_RUNTIME_STRUCTURED_CLONE_H_
#define SLUICE_RUNTIME_STRUCTURED_CLONE_H_

#include <v8.h>

namespace sluice::runtime {

// Defines it on the global object of `context`, which is a Realm's.
void ExposeStructuredClone(v8::Local<v8::Context> context);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_STRUCTURED_CLONE_H_

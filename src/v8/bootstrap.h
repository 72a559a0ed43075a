// What the binding keeps for one realm: a few intrinsics, taken before author code can patch them, and closures that
// only JavaScript can make cheaply.
#ifndef SLUICE_V8_BOOTSTRAP_H_
#define SLUICE_V8_BOOTSTRAP_H_

#include <v8.h>

namespace sluice::binding {

enum class Intrinsic : int {
  kPromise,         // %Promise%
  kPromiseThen,     // %Promise.prototype.then%
  kMakeReactions,   // (stream): gives a stream's object the two closures that react to promises for it
  kThenableJob,     // (thenable, then, onFulfilled, onRejected): the job of NewPromiseResolveThenableJob, for a
                    // new promise that settles through the two
  kGetByteLength,   // (chunk): chunk.byteLength
  kCountSize,       // CountQueuingStrategy's size function
  kByteLengthSize,  // ByteLengthQueuingStrategy's
  kCount
};

// Before any author code runs in `context`, which is entered.
void InitializeRealm(v8::Local<v8::Context> context);
v8::Local<v8::Value> GetIntrinsic(v8::Local<v8::Context> context, Intrinsic which);

}  // namespace sluice::binding

#endif  // SLUICE_V8_BOOTSTRAP_H_

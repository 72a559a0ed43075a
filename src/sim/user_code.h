// The user code of a program over WritableStream: every function that an implementation calls back.
#ifndef SLUICE_SIM_USER_CODE_H_
#define SLUICE_SIM_USER_CODE_H_

#include <cstdint>

#include "src/sim/value.h"

namespace sluice::sim {

// The seven places where user code runs; a listener may be called several times.
enum class CallKind : uint8_t {
  kStart,    // underlyingSink.start(controller)          argument: undefined
  kSize,     // strategy.size(chunk)                      argument: the chunk
  kWrite,    // underlyingSink.write(chunk, controller)   argument: the chunk
  kClose,    // underlyingSink.close()                    argument: undefined
  kAbort,    // underlyingSink.abort(reason)              argument: the reason
  kSignal,   // a listener for "abort" on controller.signal   argument: undefined
  kGetThen,  // Get(thenable, "then")                     argument: the thenable
  kThen,     // the job that calls thenable.then(resolve, reject)   argument: the thenable
};
inline constexpr int kCallKindCount = 8;

class UserCode {
 public:
  virtual ~UserCode() = default;
  // Runs the author's function. Its result may be a promise (made by the author or returned to the author earlier), a
  // thenable, a number, a reason or undefined; or a thrown value.
  // For kThen, `resolver` names the pair of resolving functions that `then` is called with; for others it is 0.
  // For kSize the number conversion of Web IDL `unrestricted double` is the implementation's: a result that is not a
  // number converts to NaN. For kGetThen a number means that the getter returned something that cannot be called, any
  // other normal completion that it returned a function; a thrown one is thrown by the getter.
  // `stream` names the stream that calls, as it was given when the stream was made; 0 for kGetThen and kThen.
  virtual Outcome Call(CallKind kind, Value argument, uint32_t resolver, uint32_t stream) = 0;
  // A reaction that the author registered ran: promise.then(value => ..., reason => ...).
  virtual void Settled(uint32_t promise, bool fulfilled, Value value) = 0;
  // The host reports an exception that a listener threw.
  virtual void ReportException(Value exception) = 0;
  // A promise was fulfilled or rejected. No author can see that before a reaction runs; it is for who wants to know
  // where the settlement came from.
  virtual void PromiseSettled(uint32_t promise) { static_cast<void>(promise); }
  // The host reports a promise rejection that nothing handled, after the microtask queue became empty.
  virtual void UnhandledRejection(uint32_t promise, Value reason) = 0;
};

}  // namespace sluice::sim

#endif  // SLUICE_SIM_USER_CODE_H_

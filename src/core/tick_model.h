// How the value that a sink method returned becomes the promise that the stream waits for.
#ifndef SLUICE_CORE_TICK_MODEL_H_
#define SLUICE_CORE_TICK_MODEL_H_

#include <cstdint>
#include <string_view>

namespace sluice::core {

enum class TickModel : uint8_t {
  // Strict Web IDL, the default: always a new promise, resolved with the value. A returned promise costs two more
  // microtasks than a plain value. https://webidl.spec.whatwg.org/#js-promise
  kWebIdl,
  // write, close and abort use Promise.resolve(value): a returned promise is itself waited for. start as in kWebIdl.
  kPromiseResolve,
  // start uses Promise.resolve(value) too.
  kPromiseResolveStart,
};
inline constexpr int kTickModelCount = 3;
// For flags, options and programs.
inline constexpr std::string_view kTickModelNames[kTickModelCount] = {"webidl", "promise-resolve",
                                                                      "promise-resolve-start"};

}  // namespace sluice::core

#endif  // SLUICE_CORE_TICK_MODEL_H_

// Values in words, for people: what console.log and the REPL print. The words are those that Node made familiar.
//
//   Inspect(context, value)                          "{ a: 1, b: [ 2, 3 ], p: Promise { <pending> } }"
//   Inspect(context, text, {.raw_string = true})     the text itself, as console.log prints its arguments
//
// No author code runs: getters are named, not called, and a Proxy is shown as its target. (One exception: an error's
// `stack`, which Error.prepareStackTrace may make.) Whatever goes wrong is shown in the place where it did.
#ifndef SLUICE_RUNTIME_INSPECT_H_
#define SLUICE_RUNTIME_INSPECT_H_

#include <v8.h>

#include <cstddef>
#include <limits>
#include <string>

namespace sluice::runtime {

struct InspectOptions {
  int depth = 4;                                           // objects below this many objects are named only
  size_t max_entries = 100;                                // of arrays, maps, sets and objects
  size_t max_string = std::numeric_limits<size_t>::max();  // bytes of UTF-8
  bool raw_string = false;                                 // a string is printed as it is, if it is the value itself
  bool hidden = false;                                     // properties that are not enumerable too
};

std::string Inspect(v8::Local<v8::Context> context, v8::Local<v8::Value> value, const InspectOptions& options = {});

// The name of the class that `object` is an instance of: of the nearest prototype's `constructor`, when those are plain
// data. Empty if there is none.
std::string ClassNameOf(v8::Local<v8::Context> context, v8::Local<v8::Object> object);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_INSPECT_H_

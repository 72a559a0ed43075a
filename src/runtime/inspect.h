// Values in words, for people: what console.log and the REPL print. The words are those that Node made familiar.
//
//   Inspect(context, value)                          "{ a: 1, b: [ 2, 3 ], p: Promise { <pending> } }"
//   Inspect(context, text, {.raw_string = true})     the text itself, as console.log prints its arguments
//
// One call prints no more than a PrintBudget has, and takes no longer than what it prints: what is cut says so.
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

// What one call of the console or one report of an error may print. Objects that are in many places are printed in
// each: a few hundred array items can be thousands of millions of entries.
struct PrintBudget {
  static constexpr size_t kCharacters = size_t{4} << 20;  // bytes of UTF-8, before groups move it to the right
  static constexpr size_t kEntries = 10'000;              // of arrays, maps, sets and objects, all together

  size_t characters = kCharacters;
  size_t entries = kEntries;
  bool cut = false;  // something was not printed because of it

  bool spent() const { return characters == 0 || entries == 0; }
  // A line that says what was cut, with a line end before it; nothing if nothing was.
  std::string Note() const;
};

struct InspectOptions {
  static constexpr int kMaxDepth = 100;
  int depth = 4;                                           // objects below this many objects are named only
  size_t max_entries = 100;                                // of arrays, maps, sets and objects
  size_t max_string = std::numeric_limits<size_t>::max();  // bytes of UTF-8
  bool raw_string = false;                                 // a string is printed as it is, if it is the value itself
  bool hidden = false;                                     // properties that are not enumerable too
  PrintBudget* budget = nullptr;                           // shared with what else is printed; none: one of its own
};

std::string Inspect(v8::Local<v8::Context> context, v8::Local<v8::Value> value, const InspectOptions& options = {});

// The name of the class that `object` is an instance of: of the nearest prototype's `constructor`, when those are plain
// data. Empty if there is none.
std::string ClassNameOf(v8::Local<v8::Context> context, v8::Local<v8::Object> object);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_INSPECT_H_

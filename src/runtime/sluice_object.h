// The `sluice` object and `gc()`: what this shell has that no standard speaks of. Tests and benchmarks use it.
//
//   sluice.version, sluice.v8Version     strings
//   sluice.args                          the arguments after `--`
//   sluice.print(value)                  a line on standard output, without the console's formatting
//   sluice.readTextFile(path)            a file's text, which is UTF-8
//   sluice.memoryUsage()                 bytes of heap and buffers, and how many native objects live
//   sluice.createWritableStream(underlyingSink, strategy, {byteLimit, tickModel})
//                                        a WritableStream with options of its own: bytes, as a number or a BigInt, with
//                                        Infinity for no limit; and a name of core::kTickModelNames. What is left out is
//                                        as the command line says
//   sluice.onUnhandledRejection(f)       f(promise, reason) is called for each instead of what --unhandled-rejections says
//   sluice.exit(code = 0)                ends at once; nothing runs after it, `finally` blocks neither
//   gc()                                 with --expose-gc: a full collection
#ifndef SLUICE_RUNTIME_SLUICE_OBJECT_H_
#define SLUICE_RUNTIME_SLUICE_OBJECT_H_

#include <v8.h>

namespace sluice::runtime {

class Realm;

inline constexpr char kVersion[] = "0.1.0";

// Defines them on the global object of `context`. `realm` outlives it.
void ExposeSluice(Realm& realm, v8::Local<v8::Context> context);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SLUICE_OBJECT_H_

// Values in words, for people: what console.log and the REPL print.
#ifndef SLUICE_RUNTIME_INSPECT_H_
#define SLUICE_RUNTIME_INSPECT_H_

#include <v8.h>

#include <string>

namespace sluice::runtime {

std::string Inspect(v8::Local<v8::Context> context, v8::Local<v8::Value> value);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_INSPECT_H_

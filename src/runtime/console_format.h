// How console.log makes a line of its arguments, and console.table a table of its data.
//   https://console.spec.whatwg.org/#formatter
#ifndef SLUICE_RUNTIME_CONSOLE_FORMAT_H_
#define SLUICE_RUNTIME_CONSOLE_FORMAT_H_

#include <v8.h>

#include <string>

namespace sluice::runtime {

// The arguments from `first` on, separated by spaces. If the first is a string, its %s, %d, %i, %f, %o, %O, %c and %%
// take the arguments that follow.
std::string FormatArguments(const v8::FunctionCallbackInfo<v8::Value>& info, int first = 0);

// `data`'s items as rows, and their properties as columns, as many as are read. Not an object: as Inspect says it.
std::string FormatTable(v8::Local<v8::Context> context, v8::Local<v8::Value> data);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_CONSOLE_FORMAT_H_

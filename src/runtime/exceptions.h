// Errors in words: what is printed of an exception that nobody caught.
//
//   FILE.js:3
//   throw new Error('no');
//   ^
//
//   Uncaught Error: no
//       at FILE.js:3:7
#ifndef SLUICE_RUNTIME_EXCEPTIONS_H_
#define SLUICE_RUNTIME_EXCEPTIONS_H_

#include <v8.h>

#include <string>
#include <string_view>

namespace sluice::runtime {

// The file and line of `message`, the line itself and a caret below the place. Empty if V8 knows no place.
std::string DescribePlace(v8::Local<v8::Context> context, v8::Local<v8::Message> message);
// "FILE:LINE:COLUMN", columns counted from 1.
std::string PlaceOf(v8::Local<v8::Context> context, v8::Local<v8::Message> message);
// The place, `what` ("Uncaught"), and the exception: its stack, or the value itself. Ends with a line end.
std::string DescribeException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                              v8::Local<v8::Message> message, std::string_view what);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_EXCEPTIONS_H_

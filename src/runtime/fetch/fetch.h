// The globals Headers, Request, Response, URL and URLSearchParams, and what a server does with them.
//   https://fetch.spec.whatwg.org/  https://url.spec.whatwg.org/
//
//   realm.RunTask([&] {
//     v8::Local<v8::Object> request;
//     if (!NewRequest(realm.context(), {"GET", "http://localhost/a?b", {{"Accept", "*/*"}}, ""}, {}).ToLocal(&request))
//     return;
//     ... response = handler(request) ...
//     ResponseData data;
//     if (ReadResponse(realm.context(), response, data)) Send(data);
//   });
//
// The classes are a script, js/*.js, over native functions. Everything a request or a response holds is in memory:
// there are no readable streams here, so neither has a `body`.
#ifndef SLUICE_RUNTIME_FETCH_FETCH_H_
#define SLUICE_RUNTIME_FETCH_FETCH_H_

#include <v8.h>

#include "src/runtime/fetch/messages.h"

namespace sluice::runtime {

// Defines the classes on the global object of `context`, which was made with FetchScript() (fetch_script.h).
void ExposeFetch(v8::Local<v8::Context> context);

// In a task. A Request with immutable headers, whose `signal` is `signal`; empty: one that AbortRequest() aborts, which
// costs nothing until somebody asks for it. A GET or HEAD request has no body, whatever `data` has. Runs no author
// code. Empty with a pending TypeError if the method, the URL or a header is not one; or if execution is being
// terminated.
v8::MaybeLocal<v8::Object> NewRequest(v8::Local<v8::Context> context, RequestData data, v8::Local<v8::Value> signal);

// In a task. Aborts the signal of what NewRequest() made without one. `reason` undefined: a new "AbortError"
// DOMException. Runs author code, whose exceptions are reported. False only if execution is being terminated.
bool AbortRequest(v8::Local<v8::Context> context, v8::Local<v8::Object> request, v8::Local<v8::Value> reason);

// In a task. What a handler returned, or its promise was resolved with, which has then been used: `bodyUsed` is true
// unless it has no body. Runs no author code. False with a pending TypeError if it is no Response, an error response
// (Response.error()), or has been used before; or if execution is being terminated.
bool ReadResponse(v8::Local<v8::Context> context, v8::Local<v8::Value> response, ResponseData& out);

// What the console shows of an object of these classes: an array of names and values in turns, or an object with its
// attributes. Empty if it is none of them. Runs no author code.
v8::MaybeLocal<v8::Object> DescribeFetchObject(v8::Local<v8::Context> context, v8::Local<v8::Object> object);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_FETCH_FETCH_H_

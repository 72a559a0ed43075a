// The globals Headers, Request, Response, URL and URLSearchParams, and what a server does with them.
//   https://fetch.spec.whatwg.org/  https://url.spec.whatwg.org/
//
//   realm.RunTask([&] {
//     v8::Local<v8::Object> request;
//     if (!NewRequest(realm.context(), {"GET", "http://localhost/a?b", {{"Accept", "*/*"}}, ""}, {}).ToLocal(&request)) return;
//     ... response = handler(request) ...
//     ResponseData data;
//     if (ReadResponse(realm.context(), response, data)) Send(data);
//   });
//
// The classes are a script, js/*.js, over native functions. Everything a request or a response holds is in memory: there
// are no readable streams here, so neither has a `body`.
#ifndef SLUICE_RUNTIME_FETCH_FETCH_H_
#define SLUICE_RUNTIME_FETCH_FETCH_H_

#include <v8.h>

#include "src/runtime/fetch/messages.h"

namespace sluice::runtime {

// Defines the classes on the global object of `context`, which was made with FetchScript() (fetch_script.h).
void ExposeFetch(v8::Local<v8::Context> context);

// In a task. A Request with immutable headers, whose `signal` is `signal`; empty: one that never aborts, made when
// somebody asks for it. Runs no author code. Empty with a pending TypeError if the method, the URL or a header is not
// one; or if execution is being terminated.
v8::MaybeLocal<v8::Object> NewRequest(v8::Local<v8::Context> context, RequestData data, v8::Local<v8::Value> signal);

// In a task. What a handler returned, or its promise was resolved with, which has then been used: `bodyUsed` is true
// unless it has no body. Runs no author code. False with a pending TypeError if it is no Response, an error response
// (Response.error()), or has been used before; or if execution is being terminated.
bool ReadResponse(v8::Local<v8::Context> context, v8::Local<v8::Value> response, ResponseData& out);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_FETCH_FETCH_H_

// The console object: https://console.spec.whatwg.org/
#ifndef SLUICE_RUNTIME_CONSOLE_H_
#define SLUICE_RUNTIME_CONSOLE_H_

#include <v8.h>

#include "src/runtime/output.h"

namespace sluice::runtime {

class Console {
 public:
  Console(Sink out, Sink err) : out_(std::move(out)), err_(std::move(err)) {}
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  // Defines `console` on the global object of `context`.
  void Expose(v8::Local<v8::Context> context);

 private:
  Sink out_;
  Sink err_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_CONSOLE_H_

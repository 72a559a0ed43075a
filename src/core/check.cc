#include "src/core/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice::core {
namespace {

void PrintAndAbort(const char* operation, const char* what) {
  std::fprintf(stderr, "sluice: assert failed in %s: %s\n", operation, what);
  std::abort();
}

AssertHandler g_handler = &PrintAndAbort;

}  // namespace

AssertHandler SetAssertHandler(AssertHandler handler) {
  AssertHandler before = g_handler;
  g_handler = handler != nullptr ? handler : &PrintAndAbort;
  return before;
}

void AssertFailed(const char* operation, const char* what) { g_handler(operation, what); }

}  // namespace sluice::core

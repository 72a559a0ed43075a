// The state machine without an engine, by pkg-config alone.
#include <sluice/core/byte_limit.h>
#include <sluice/core/writable_stream.h>
#include <sluice/sim/realm.h>

#include <cstdio>

int main() { std::printf("%llu\n", static_cast<unsigned long long>(sluice::core::kDefaultByteLimit)); }

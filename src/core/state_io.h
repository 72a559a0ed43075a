// Printing, saving, restoring and hashing a stream's state.
//
// The printed form has one "slot: value" in each line. It is complete and exact, so it is also the saved form. Names of
// slots are valid only for the host that issued them: restore under the same host, in the state that it had at the
// save.
//
//   std::string saved = Print(stream);
//   WritableStream copy;
//   std::string error;
//   if (Restore(saved, copy, error)) assert(copy == stream);
#ifndef SLUICE_CORE_STATE_IO_H_
#define SLUICE_CORE_STATE_IO_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "src/core/state.h"

namespace sluice::core {

std::string Print(const WritableStream& stream);
std::string Print(const WritableStreamDefaultWriter& writer);

// False, with `error` saying which line and why, if `text` is not what Print gives; `stream` is then unspecified.
bool Restore(std::string_view text, WritableStream& stream, std::string& error);
bool Restore(std::string_view text, WritableStreamDefaultWriter& writer, std::string& error);

// Equal states have equal hashes, in every process.
uint64_t Hash(const WritableStream& stream);

}  // namespace sluice::core

#endif  // SLUICE_CORE_STATE_IO_H_

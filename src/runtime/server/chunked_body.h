// The chunks of a request's body: https://www.rfc-editor.org/rfc/rfc9112#name-chunked-transfer-coding. Byte by byte, so
// that the pieces in which they come change nothing, and a line ends with CR LF only. Boost.Beast does neither.
//
//   ChunkedBody chunks(limits);
//   size_t used = chunks.Feed(bytes, body);      // appends to `body`; uses all bytes, or up to the end or a fault
//   if (chunks.error().status != 0) ...          // nothing more can be read
//   else if (chunks.done()) ...                  // the trailers are over, too
//
// Extensions and trailers are not given to anyone. An extension is passed over without being parsed (no quoted string
// holds a CR or LF); a trailer must be a field, and not one that says how long the body is.
#ifndef SLUICE_RUNTIME_SERVER_CHUNKED_BODY_H_
#define SLUICE_RUNTIME_SERVER_CHUNKED_BODY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "src/runtime/server/http_request.h"

namespace sluice::runtime {

class ChunkedBody {
 public:
  explicit ChunkedBody(const HttpLimits& limits) : limits_(limits) {}

  size_t Feed(std::string_view bytes, std::string& body);
  bool done() const { return state_ == State::kDone; }
  const HttpError& error() const { return error_; }

 private:
  enum class State : uint8_t { kSize, kData, kDataEnd, kTrailers, kDone };

  void Fail(int status, const char* detail) { error_ = {status, detail}; }
  void LineByte(char c, size_t body_size);
  void SizeLine(size_t body_size);
  void TrailerLine();

  HttpLimits limits_;
  State state_ = State::kSize;
  HttpError error_;
  std::string line_;         // as much of it as has come; with its CR
  uint64_t remaining_ = 0;   // of the chunk
  size_t extra_ = 0;         // bytes of lines that are over, beyond what sizes need
  size_t trailer_size_ = 0;  // bytes of trailers, with line ends
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_CHUNKED_BODY_H_

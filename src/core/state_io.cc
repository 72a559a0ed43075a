#include "src/core/state_io.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

namespace sluice::core {
namespace {

// One list of slots serves printing and restoring: an Archive either writes `field` or reads it.

class Printer {
 public:
  static constexpr bool kReads = false;
  std::string Take() {
    Flush();
    return std::move(text_);
  }

  void Number(std::string_view name, uint64_t value) { Line(name, value); }
  void Double(std::string_view name, double value) { Line(name, value); }

 private:
  // Lines are laid out in a buffer: campaigns print the state of every input, under AddressSanitizer.
  static constexpr size_t kLongestLine = 96;

  template <typename T>
  void Line(std::string_view name, T value) {
    if (size_ + kLongestLine > sizeof buffer_) Flush();
    char* at = buffer_ + size_;
    std::memcpy(at, name.data(), name.size());
    at += name.size();
    *at++ = ':';
    *at++ = ' ';
    at = std::to_chars(at, buffer_ + sizeof buffer_, value).ptr;
    *at++ = '\n';
    size_ = static_cast<size_t>(at - buffer_);
  }
  void Flush() {
    text_.append(buffer_, size_);
    size_ = 0;
  }

  char buffer_[1024];
  size_t size_ = 0;
  std::string text_;
};

// Over all slots. Equal zeros are alike, as are all NaNs.
class Hasher {
 public:
  static constexpr bool kReads = false;
  uint64_t hash() const { return hash_; }

  void Number(std::string_view, uint64_t value) {
    hash_ = (hash_ ^ value) * 0x9E3779B97F4A7C15u;
    hash_ ^= hash_ >> 32;
  }
  void Double(std::string_view name, double value) {
    if (value == 0) value = 0;
    if (value != value) value = std::numeric_limits<double>::quiet_NaN();
    Number(name, std::bit_cast<uint64_t>(value));
  }

 private:
  uint64_t hash_ = 14695981039346656037u;
};

class Reader {
 public:
  static constexpr bool kReads = true;
  explicit Reader(std::string_view text) : text_(text) {}

  void Number(std::string_view name, uint64_t& value) { Take(name, value); }
  void Double(std::string_view name, double& value) { Take(name, value); }
  bool Finish(std::string& error) {
    if (error_.empty() && at_ != text_.size()) Fail("found more than the last slot");
    error = error_;
    return error_.empty();
  }
  bool failed() const { return !error_.empty(); }
  // Only the first failure is told.
  void Fail(const std::string& what) {
    if (!failed()) error_ = "line " + std::to_string(line_) + ": " + what;
  }

 private:
  template <typename T>
  void Take(std::string_view name, T& value) {
    if (failed()) return;
    ++line_;
    const std::string_view rest = text_.substr(at_);
    const size_t head = name.size() + 2;
    if (rest.size() < head || !rest.starts_with(name) || rest[head - 2] != ':' || rest[head - 1] != ' ') {
      return Fail("expected the slot \"" + std::string(name) + "\"");
    }
    const char* end = text_.data() + text_.size();
    const auto result = std::from_chars(rest.data() + head, end, value);
    if (result.ec != std::errc() || result.ptr == end || *result.ptr != '\n') {
      return Fail("expected a number for \"" + std::string(name) + "\"");
    }
    at_ = static_cast<size_t>(result.ptr - text_.data()) + 1;
  }
  std::string_view text_;
  size_t at_ = 0;
  int line_ = 0;
  std::string error_;
};

// `last`: the largest value there is.
template <typename Archive, typename T>
void Enumeration(Archive& archive, const char* name, T& value, std::remove_const_t<T> last) {
  auto number = static_cast<uint64_t>(value);
  archive.Number(name, number);
  if constexpr (Archive::kReads) {
    if (number > static_cast<uint64_t>(last)) return archive.Fail(std::string("\"") + name + "\" has no such value");
    value = static_cast<T>(number);
  }
}

template <typename Archive, typename T>
void Flag(Archive& archive, const char* name, T& value) {
  Enumeration(archive, name, value, true);
}

template <typename Archive, typename S>
void Name(Archive& archive, const char* name, S& slot) {
  archive.Number(name, slot.name);
}

template <typename Archive, typename Entry>
void VisitEntry(Archive& archive, Entry& entry) {
  Name(archive, "queue.value", entry.value);
  archive.Double("queue.size", entry.size);
  archive.Number("queue.charge", entry.charge);
  Flag(archive, "queue.is_close_sentinel", entry.is_close_sentinel);
}

template <typename Archive, typename T, typename Visit>
void VisitFifo(Archive& archive, const char* name, T& fifo, Visit visit) {
  uint64_t size = fifo.size();
  archive.Number(name, size);
  if constexpr (Archive::kReads) {
    fifo.clear();
    for (uint64_t i = 0; i < size && !archive.failed(); ++i) {
      typename std::remove_cvref_t<decltype(fifo.front())> entry;
      visit(entry);
      fifo.push_back(entry);
    }
  } else {
    for (const auto& entry : fifo) visit(entry);
  }
}

template <typename Archive, typename Controller>
void VisitController(Archive& archive, Controller& controller) {
  Flag(archive, "controller.exists", controller.exists);
  Flag(archive, "started", controller.started);
  Enumeration(archive, "writeAlgorithm", controller.writeAlgorithm, Algorithm::kHost);
  Enumeration(archive, "closeAlgorithm", controller.closeAlgorithm, Algorithm::kHost);
  Enumeration(archive, "abortAlgorithm", controller.abortAlgorithm, Algorithm::kHost);
  Enumeration(archive, "strategySizeAlgorithm", controller.strategySizeAlgorithm, Algorithm::kHost);
  archive.Double("strategyHWM", controller.strategyHWM);
  bool limited = controller.byte_limit.has_value();
  Flag(archive, "byte_limit.exists", limited);
  uint64_t limit = controller.byte_limit.value_or(0);
  archive.Number("byte_limit", limit);
  if constexpr (Archive::kReads) controller.byte_limit = limited ? std::optional(limit) : std::nullopt;
  VisitFifo(archive, "queue", controller.queue, [&](auto& entry) { VisitEntry(archive, entry); });
  archive.Double("queueTotalSize", controller.queueTotalSize);
  archive.Number("charged_bytes", controller.charged_bytes);
}

template <typename Archive, typename Stream>
void VisitStream(Archive& archive, Stream& stream) {
  Name(archive, "self", stream.self);
  Enumeration(archive, "state", stream.state, StreamState::kErrored);
  Flag(archive, "backpressure", stream.backpressure);
  Name(archive, "closeRequest", stream.closeRequest);
  Name(archive, "inFlightWriteRequest", stream.inFlightWriteRequest);
  Name(archive, "inFlightCloseRequest", stream.inFlightCloseRequest);
  bool aborting = stream.pendingAbortRequest.has_value();
  Flag(archive, "pendingAbortRequest.exists", aborting);
  PendingAbortRequest request = stream.pendingAbortRequest.value_or(PendingAbortRequest{});
  Name(archive, "pendingAbortRequest.promise", request.promise);
  Name(archive, "pendingAbortRequest.reason", request.reason);
  Flag(archive, "pendingAbortRequest.wasAlreadyErroring", request.wasAlreadyErroring);
  if constexpr (Archive::kReads) stream.pendingAbortRequest = aborting ? std::optional(request) : std::nullopt;
  Name(archive, "storedError", stream.storedError);
  Name(archive, "writer", stream.writer);
  VisitFifo(archive, "writeRequests", stream.writeRequests,
            [&](auto& request_slot) { Name(archive, "writeRequests.promise", request_slot); });
  VisitController(archive, stream.controller);
}

template <typename Archive, typename Writer>
void VisitWriter(Archive& archive, Writer& writer) {
  Name(archive, "stream", writer.stream);
  Name(archive, "readyPromise", writer.readyPromise);
  Name(archive, "closedPromise", writer.closedPromise);
}

}  // namespace

std::string Print(const WritableStream& stream) {
  Printer printer;
  VisitStream(printer, stream);
  return printer.Take();
}

std::string Print(const WritableStreamDefaultWriter& writer) {
  Printer printer;
  VisitWriter(printer, writer);
  return printer.Take();
}

namespace {

// What was read must print as the same text: no other spelling of a number, nothing in a slot that is said not to
// exist.
template <typename Object, typename Visit>
bool RestoreExactly(std::string_view text, Object& object, std::string& error, Visit visit) {
  Reader reader(text);
  visit(reader, object);
  if (!reader.Finish(error)) return false;
  const std::string printed = Print(object);
  if (printed == text) return true;
  size_t at = 0;
  while (at < printed.size() && at < text.size() && printed[at] == text[at]) ++at;
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  error = "line " + std::to_string(line) + ": is not as it would be printed";
  return false;
}

}  // namespace

bool Restore(std::string_view text, WritableStream& stream, std::string& error) {
  return RestoreExactly(text, stream, error, [](auto& archive, auto& object) { VisitStream(archive, object); });
}

bool Restore(std::string_view text, WritableStreamDefaultWriter& writer, std::string& error) {
  return RestoreExactly(text, writer, error, [](auto& archive, auto& object) { VisitWriter(archive, object); });
}

uint64_t Hash(const WritableStream& stream) {
  Hasher hasher;
  VisitStream(hasher, stream);
  return hasher.hash();
}

}  // namespace sluice::core

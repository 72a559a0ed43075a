#include "src/core/state_io.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <vector>

namespace sluice::core {
namespace {

// One list of slots serves printing and restoring: an Archive either writes `field` or reads it.

class Printer {
 public:
  static constexpr bool kReads = false;
  std::string Take() { return std::move(text_); }

  void Number(const char* name, uint64_t value) { Line(name, std::to_string(value)); }
  void Double(const char* name, double value) {
    char buffer[40];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
    Line(name, std::string(buffer, result.ptr));
  }

 private:
  void Line(const char* name, const std::string& value) { text_.append(name).append(": ").append(value).append("\n"); }
  std::string text_;
};

class Reader {
 public:
  static constexpr bool kReads = true;
  explicit Reader(std::string_view text) : text_(text) {}

  void Number(const char* name, uint64_t& value) { Take(name, value); }
  void Double(const char* name, double& value) { Take(name, value); }
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
  void Take(const char* name, T& value) {
    if (failed()) return;
    ++line_;
    const std::string expected = std::string(name) + ": ";
    const size_t end = text_.find('\n', at_);
    if (end == std::string_view::npos || text_.substr(at_, expected.size()) != expected) {
      return Fail("expected the slot \"" + std::string(name) + "\"");
    }
    const char* first = text_.data() + at_ + expected.size();
    const char* last = text_.data() + end;
    const auto result = std::from_chars(first, last, value);
    if (result.ec != std::errc() || result.ptr != last)
      return Fail("expected a number for \"" + std::string(name) + "\"");
    at_ = end + 1;
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

// FNV-1a over the printed form, in which equal zeros are made alike.
uint64_t Hash(const WritableStream& stream) {
  std::string text = Print(stream);
  for (size_t at = text.find(": -0\n"); at != std::string::npos; at = text.find(": -0\n", at)) text.erase(at + 2, 1);
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

}  // namespace sluice::core

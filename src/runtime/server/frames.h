// What the server and an app's process send each other over their socket: frames of a head, fields and a body.
//
//   u32 type | u32 size of the fields | u64 size of the body | fields | body        (little-endian)
//
// Fields are numbers and texts with their length before them, read back with every bound checked: an app's process is
// run by its author, and nothing that comes out of it is believed. No V8, no sockets.
#ifndef SLUICE_RUNTIME_SERVER_FRAMES_H_
#define SLUICE_RUNTIME_SERVER_FRAMES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/runtime/config/configuration.h"
#include "src/runtime/fetch/messages.h"

namespace sluice::runtime {

enum class FrameType : uint32_t {
  // To the app's process. It stops when its socket is closed.
  kStart = 1,    // the first one
  kRequest = 2,  // with a body
  kAbandon = 3,
  kQueryStatus = 4,
  // To the server.
  kLoaded = 16,    // the module is ready for requests
  kResponse = 17,  // with a body
  kOut = 18,       // the body is what the app printed
  kLog = 19,       // the body is what went wrong, for the log
  kStatus = 20,
};

// Exit codes of an app's process. Anything else is a crash.
enum class AppExit : int {
  kStopped = 0,
  kNotLoaded = 80,    // the reason has been logged
  kOutOfMemory = 81,  // the heap's limit
  kTooLong = 82,      // a task outlived the time limit and the grace
  kEndedItself = 83,
};

inline constexpr size_t kFrameHeadSize = 16;              // bytes
inline constexpr uint32_t kLargestFields = 1 << 20;       // bytes: all fields of a head, for one
inline constexpr uint64_t kLargestPrintedBody = 1 << 20;  // bytes of kOut and kLog; more is several frames
inline constexpr uint64_t kLargestBodyAtAll = uint64_t{1} << 40;

// The head and the fields. The body's bytes are to follow.
std::string EncodeFrame(FrameType type, std::string_view fields, uint64_t body_size = 0);

// ---- Fields of each type

// Why a connection gave up a request.
enum class GaveUp : uint8_t { kTimeOver, kClientGone };

struct Abandonment {
  uint64_t id = 0;
  GaveUp why = GaveUp::kTimeOver;
  bool forget = false;  // nobody waits for the response any more
};

// What only the app's process knows.
struct RealmStatus {
  uint64_t heap_bytes = 0;    // used
  uint64_t buffer_bytes = 0;  // of ArrayBuffers and what else V8 was told of
  int64_t streams = 0;
  int64_t writers = 0;
  int64_t external_bytes = 0;
};

struct StatusQuestion {
  uint64_t id = 0;
  bool collect = false;
};

struct StatusReply {
  uint64_t id = 0;
  RealmStatus status;
};

struct NumberedRequest {
  uint64_t id = 0;
  RequestData request;
};

struct NumberedResponse {
  uint64_t id = 0;
  ResponseData response;
};

// Bodies are not among the fields.
std::string EncodeStart(const AppConfiguration& app);
std::string EncodeRequest(uint64_t id, const RequestData& request);
std::string EncodeAbandon(const Abandonment& abandonment);
std::string EncodeStatusQuestion(const StatusQuestion& question);
std::string EncodeResponse(uint64_t id, const ResponseData& response);
std::string EncodeStatusReply(const StatusReply& reply);

// None if the fields are not what they must be: too short, too long, or a value that may not stand there. A response is
// one that may be sent: its status, status text, names and values can end no line.
std::optional<AppConfiguration> DecodeStart(std::string_view fields);
std::optional<NumberedRequest> DecodeRequest(std::string_view fields);
std::optional<Abandonment> DecodeAbandon(std::string_view fields);
std::optional<StatusQuestion> DecodeStatusQuestion(std::string_view fields);
std::optional<NumberedResponse> DecodeResponse(std::string_view fields);
std::optional<StatusReply> DecodeStatusReply(std::string_view fields);

// ---- Reading

struct Frame {
  FrameType type = FrameType::kStart;
  std::string fields;
  std::string body;
};

// What becomes of a frame whose body is about to come.
enum class FrameFate : uint8_t {
  kKept,     // memory for the body is set aside
  kSkipped,  // its bytes are dropped, and OnFrame is not called
  kRefused,  // nothing more is read
};

class FrameHandler {
 public:
  virtual ~FrameHandler() = default;
  // The fields are complete, and `body` bytes will follow.
  virtual FrameFate Decide(const Frame& frame, uint64_t body) = 0;
  // False: it may not come here. Nothing more is read.
  virtual bool OnFrame(Frame frame) = 0;
};

// Bytes to frames, however they were cut.
class FrameReader {
 public:
  explicit FrameReader(FrameHandler& handler) : handler_(handler) {}

  // False: this is no frame, or the handler refused it. Nothing may be fed after that.
  bool Feed(std::string_view bytes);
  // Whether the bytes so far end with a frame.
  bool between_frames() const { return part_ == Part::kHead && head_.empty(); }

 private:
  enum class Part : uint8_t { kHead, kFields, kBody };
  bool BeginFrame();
  bool BeginBody();
  bool EndFrame();

  FrameHandler& handler_;
  Part part_ = Part::kHead;
  std::string head_;
  Frame frame_;
  size_t fields_size_ = 0;
  uint64_t body_left_ = 0;
  bool wanted_ = true;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_FRAMES_H_

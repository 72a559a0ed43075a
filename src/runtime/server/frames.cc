#include "src/runtime/server/frames.h"

#include <algorithm>
#include <concepts>
#include <utility>

#include "src/runtime/fetch/http_syntax.h"

namespace sluice::runtime {
namespace {

constexpr uint16_t kLowestStatus = 200;
constexpr uint16_t kHighestStatus = 599;

class FieldWriter {
 public:
  template <std::unsigned_integral Number>
  void Put(Number number) {
    char bytes[sizeof(Number)];
    for (size_t i = 0; i < sizeof(Number); ++i) bytes[i] = static_cast<char>(number >> (8 * i));
    text_.append(bytes, sizeof(Number));
  }
  void Put(std::string_view text) {
    Put(static_cast<uint32_t>(text.size()));
    text_ += text;
  }
  void Put(const HeaderList& headers) {
    Put(static_cast<uint32_t>(headers.size()));
    for (const auto& [name, value] : headers) {
      Put(std::string_view(name));
      Put(std::string_view(value));
    }
  }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  template <std::unsigned_integral Number>
  Number Get() {
    Number number = 0;
    if (text_.size() < sizeof(Number)) return Fail(), number;
    for (size_t i = 0; i < sizeof(Number); ++i) {
      number = static_cast<Number>(number |
                                   static_cast<Number>(static_cast<Number>(static_cast<uint8_t>(text_[i])) << (8 * i)));
    }
    text_.remove_prefix(sizeof(Number));
    return number;
  }
  bool GetFlag() {
    const auto number = Get<uint8_t>();
    if (number > 1) Fail();
    return number == 1;
  }
  std::string GetText() {
    const auto size = Get<uint32_t>();
    if (size > text_.size()) return Fail(), std::string();
    std::string text(text_.substr(0, size));
    text_.remove_prefix(size);
    return text;
  }
  HeaderList GetHeaders() {
    HeaderList headers;
    // A count that is too large ends with the text.
    for (auto left = Get<uint32_t>(); left != 0 && good_; --left) {
      std::string name = GetText();
      headers.emplace_back(std::move(name), GetText());
    }
    return headers;
  }
  // All was there, and nothing else.
  bool Finished() const { return good_ && text_.empty(); }

 private:
  void Fail() {
    good_ = false;
    text_ = {};
  }

  std::string_view text_;
  bool good_ = true;
};

template <typename Message>
std::optional<Message> IfFinished(const FieldReader& reader, Message message) {
  return reader.Finished() ? std::optional<Message>(std::move(message)) : std::nullopt;
}

bool IsKnown(uint32_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::kStart:
    case FrameType::kRequest:
    case FrameType::kAbandon:
    case FrameType::kQueryStatus:
    case FrameType::kLoaded:
    case FrameType::kResponse:
    case FrameType::kOut:
    case FrameType::kLog:
    case FrameType::kStatus:
      return true;
  }
  return false;
}

bool MayBeSent(const ResponseData& response) {
  return response.status >= kLowestStatus && response.status <= kHighestStatus &&
         IsReasonPhrase(response.status_text) &&
         std::all_of(response.headers.begin(), response.headers.end(),
                     [](const auto& header) { return IsToken(header.first) && IsHeaderValue(header.second); });
}

}  // namespace

std::string EncodeFrame(FrameType type, std::string_view fields, uint64_t body_size) {
  FieldWriter head;
  head.Put(static_cast<uint32_t>(type));
  head.Put(static_cast<uint32_t>(fields.size()));
  head.Put(body_size);
  std::string text = head.Take();
  text += fields;
  return text;
}

// ---- Fields

std::string EncodeStart(const AppConfiguration& app) {
  FieldWriter fields;
  fields.Put(std::string_view(app.name));
  fields.Put(std::string_view(app.entry));
  fields.Put(std::string_view(app.root));
  fields.Put(app.max_buffer_size_bytes);
  fields.Put(app.max_total_buffer_size_bytes);
  fields.Put(app.memory_limit_bytes);
  fields.Put(app.max_in_flight_bytes);
  fields.Put(app.time_limit_ms);
  return fields.Take();
}

std::optional<AppConfiguration> DecodeStart(std::string_view text) {
  FieldReader fields(text);
  AppConfiguration app;
  app.name = fields.GetText();
  app.entry = fields.GetText();
  app.root = fields.GetText();
  app.max_buffer_size_bytes = fields.Get<uint64_t>();
  app.max_total_buffer_size_bytes = fields.Get<uint64_t>();
  app.memory_limit_bytes = fields.Get<uint64_t>();
  app.max_in_flight_bytes = fields.Get<uint64_t>();
  app.time_limit_ms = fields.Get<uint32_t>();
  return IfFinished(fields, std::move(app));
}

std::string EncodeRequest(uint64_t id, const RequestData& request) {
  FieldWriter fields;
  fields.Put(id);
  fields.Put(std::string_view(request.method));
  fields.Put(std::string_view(request.url));
  fields.Put(request.headers);
  return fields.Take();
}

std::optional<NumberedRequest> DecodeRequest(std::string_view text) {
  FieldReader fields(text);
  NumberedRequest numbered;
  numbered.id = fields.Get<uint64_t>();
  numbered.request.method = fields.GetText();
  numbered.request.url = fields.GetText();
  numbered.request.headers = fields.GetHeaders();
  return IfFinished(fields, std::move(numbered));
}

std::string EncodeAbandon(const Abandonment& abandonment) {
  FieldWriter fields;
  fields.Put(abandonment.id);
  fields.Put(static_cast<uint8_t>(abandonment.why));
  fields.Put(static_cast<uint8_t>(abandonment.forget));
  return fields.Take();
}

std::optional<Abandonment> DecodeAbandon(std::string_view text) {
  FieldReader fields(text);
  Abandonment abandonment;
  abandonment.id = fields.Get<uint64_t>();
  abandonment.why = fields.GetFlag() ? GaveUp::kClientGone : GaveUp::kTimeOver;
  abandonment.forget = fields.GetFlag();
  return IfFinished(fields, abandonment);
}

std::string EncodeStatusQuestion(const StatusQuestion& question) {
  FieldWriter fields;
  fields.Put(question.id);
  fields.Put(static_cast<uint8_t>(question.collect));
  return fields.Take();
}

std::optional<StatusQuestion> DecodeStatusQuestion(std::string_view text) {
  FieldReader fields(text);
  StatusQuestion question;
  question.id = fields.Get<uint64_t>();
  question.collect = fields.GetFlag();
  return IfFinished(fields, question);
}

std::string EncodeResponse(uint64_t id, const ResponseData& response) {
  FieldWriter fields;
  fields.Put(id);
  fields.Put(response.status);
  fields.Put(std::string_view(response.status_text));
  fields.Put(response.headers);
  return fields.Take();
}

std::optional<NumberedResponse> DecodeResponse(std::string_view text) {
  FieldReader fields(text);
  NumberedResponse numbered;
  numbered.id = fields.Get<uint64_t>();
  numbered.response.status = fields.Get<uint16_t>();
  numbered.response.status_text = fields.GetText();
  numbered.response.headers = fields.GetHeaders();
  if (!MayBeSent(numbered.response)) return std::nullopt;
  return IfFinished(fields, std::move(numbered));
}

std::string EncodeStatusReply(const StatusReply& reply) {
  FieldWriter fields;
  fields.Put(reply.id);
  fields.Put(reply.status.heap_bytes);
  fields.Put(reply.status.buffer_bytes);
  fields.Put(static_cast<uint64_t>(reply.status.streams));
  fields.Put(static_cast<uint64_t>(reply.status.writers));
  fields.Put(static_cast<uint64_t>(reply.status.external_bytes));
  return fields.Take();
}

std::optional<StatusReply> DecodeStatusReply(std::string_view text) {
  FieldReader fields(text);
  StatusReply reply;
  reply.id = fields.Get<uint64_t>();
  reply.status.heap_bytes = fields.Get<uint64_t>();
  reply.status.buffer_bytes = fields.Get<uint64_t>();
  reply.status.streams = static_cast<int64_t>(fields.Get<uint64_t>());
  reply.status.writers = static_cast<int64_t>(fields.Get<uint64_t>());
  reply.status.external_bytes = static_cast<int64_t>(fields.Get<uint64_t>());
  return IfFinished(fields, reply);
}

// ---- Reading

bool FrameReader::Feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (part_ == Part::kHead) {
      const size_t now = std::min(kFrameHeadSize - head_.size(), bytes.size());
      head_ += bytes.substr(0, now);
      bytes.remove_prefix(now);
      if (head_.size() == kFrameHeadSize && !BeginFrame()) return false;
    } else if (part_ == Part::kFields) {
      const size_t now = std::min(fields_size_ - frame_.fields.size(), bytes.size());
      frame_.fields += bytes.substr(0, now);
      bytes.remove_prefix(now);
      if (frame_.fields.size() == fields_size_ && !BeginBody()) return false;
    } else {
      const auto now = static_cast<size_t>(std::min<uint64_t>(body_left_, bytes.size()));
      if (wanted_) frame_.body += bytes.substr(0, now);
      bytes.remove_prefix(now);
      body_left_ -= now;
      if (body_left_ == 0 && !EndFrame()) return false;
    }
  }
  return true;
}

bool FrameReader::BeginFrame() {
  FieldReader head(head_);
  const auto type = head.Get<uint32_t>();
  fields_size_ = head.Get<uint32_t>();
  body_left_ = head.Get<uint64_t>();
  head_.clear();
  if (!IsKnown(type) || fields_size_ > kLargestFields || body_left_ > kLargestBodyAtAll) return false;
  frame_ = {.type = static_cast<FrameType>(type), .fields = {}, .body = {}};
  part_ = Part::kFields;
  return fields_size_ != 0 || BeginBody();
}

bool FrameReader::BeginBody() {
  const FrameFate fate = handler_.Decide(frame_, body_left_);
  if (fate == FrameFate::kRefused) return false;
  wanted_ = fate == FrameFate::kKept;
  if (wanted_) frame_.body.reserve(static_cast<size_t>(body_left_));
  part_ = Part::kBody;
  return body_left_ != 0 || EndFrame();
}

bool FrameReader::EndFrame() {
  part_ = Part::kHead;
  return !wanted_ || handler_.OnFrame(std::exchange(frame_, {}));
}

}  // namespace sluice::runtime

#include "fuzz/explore/canonical_state.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice::fuzz {

using sim::Realm;
using sim::ValueKind;

sim::Chunk LabelledChunk(uint32_t label) {
  sim::Chunk chunk{.kind = sim::ChunkKind::kString, .unit_count = 1, .count = 1};
  chunk.units[0] = static_cast<char16_t>('a' + label % kChunkLabels);
  return chunk;
}

void CanonicalState::Describe(uint32_t configuration, const CoreSubject& subject, const Driver::Author& author,
                              const std::vector<sim::Chunk>& chunks) {
  host_ = &subject.host();
  author_ = &author;
  chunks_ = &chunks;
  bytes_.clear();
  labels_ = {};
  promises_.Clear();
  resolvers_.Clear();
  for (Names& names : values_) names.Clear();

  Number(configuration);
  // Streams are constructed in the order of their names.
  const size_t streams = host_->stream_count();
  Number(streams);
  for (size_t stream = 0; stream < streams; ++stream) {
    Flag(author.streams[stream].has_stream);
    Flag(author.streams[stream].has_controller);
    if (fault_ == Fault::kSecondStream && stream == 1) continue;
    Stream(stream);
    ActiveWriter(host_->stream(stream));
    PendingPromises(stream);
  }
  Microtasks();
  for (size_t stream = 0; stream < streams; ++stream) OtherWriters(stream);
}

// Most numbers are small.
void CanonicalState::Number(uint64_t number) {
  for (; number >= 0x80; number >>= 7) Byte(static_cast<uint8_t>(number) | 0x80);
  Byte(static_cast<uint8_t>(number));
}

void CanonicalState::Double(double number) {
  const auto bits = std::bit_cast<uint64_t>(number);
  const size_t at = bytes_.size();
  bytes_.resize(at + sizeof bits);
  std::memcpy(bytes_.data() + at, &bits, sizeof bits);
}

bool CanonicalState::Name(Names& names, uint32_t id) {
  const uint16_t known = names.Find(id);
  Number(known != 0 ? known : names.Add(id));
  return known == 0;
}

void CanonicalState::Value(const sim::Value& value) {
  Byte(static_cast<uint8_t>(value.kind));
  switch (value.kind) {
    case ValueKind::kUndefined:
    case ValueKind::kNull:
      return;
    case ValueKind::kNumber:
      return Double(value.number);
    case ValueKind::kBoolean:
    case ValueKind::kWriter:
      return Number(value.id);
    case ValueKind::kPromise:
      return Promise(value.id);
    case ValueKind::kChunk: {
      const sim::Chunk& chunk = (*chunks_)[value.id];
      if (!Name(values_[0], value.id)) return;
      labels_.chunks |= 1u << (chunk.units[0] - 'a');
      Flag(host_->IsDetached(value.id));
      return;
    }
    case ValueKind::kReason:
      labels_.reasons |= 1u << value.id;
      Name(values_[1], value.id);
      return;
    case ValueKind::kTypeError:
      Name(values_[2], value.id);
      return;
    case ValueKind::kRangeError:
      Name(values_[3], value.id);
      return;
    case ValueKind::kAbortError:
      Name(values_[4], value.id);
      return;
    case ValueKind::kThenable:
      Name(values_[5], value.id);
      return;
  }
}

void CanonicalState::Slot(core::PromiseSlot slot) {
  if (slot.is_undefined()) return Byte(0);
  Byte(1);
  Promise(host_->PromiseIndex(slot));
}

void CanonicalState::Promise(uint32_t promise) {
  if (!Name(promises_, promise)) return;
  const Realm::PromiseRecord& record = host_->realm().promise(promise);
  Byte(static_cast<uint8_t>(static_cast<int>(record.state) | (record.handled ? 8 : 0) | (record.follows ? 16 : 0) |
                            (IsObserved(promise) ? 32 : 0)));
  // The reactions of a settled promise have become jobs.
  record.state == core::PromiseView::kPending ? Reactions(record.first_reaction) : Value(record.value);
}

void CanonicalState::Reactions(uint32_t first) {
  for (uint32_t r = first; r != Realm::kNone; r = host_->realm().reaction(r).next) {
    Reaction(host_->realm().reaction(r));
  }
  Byte(0);
}

void CanonicalState::Reaction(const Realm::ReactionRecord& reaction) {
  Byte(static_cast<uint8_t>(1 + reaction.kind));
  switch (reaction.kind) {
    case Realm::ReactionRecord::kCore:
      Byte(static_cast<uint8_t>(reaction.core.kind));
      Number(reaction.core.stream.name);
      return Slot(reaction.core.abort_promise);
    case Realm::ReactionRecord::kObserver:
      return Promise(reaction.target);
    case Realm::ReactionRecord::kResolvingFunctions:
      return Resolver(reaction.target);
  }
}

void CanonicalState::Resolver(uint32_t resolver) {
  if (!Name(resolvers_, resolver)) return;
  Flag(host_->realm().resolver(resolver).called);
  Promise(host_->realm().resolver(resolver).promise);
}

void CanonicalState::Stream(size_t number) {
  const core::WritableStream& stream = host_->stream(number);
  const core::WritableStreamDefaultController& controller = stream.controller;
  Byte(static_cast<uint8_t>(stream.state));
  Byte(static_cast<uint8_t>((stream.backpressure ? 1 : 0) | (controller.exists ? 2 : 0) | (controller.started ? 4 : 0) |
                            (host_->IsAborted(number) ? 8 : 0) | (host_->AreAlgorithmsCleared(number) ? 16 : 0)));
  for (const core::Algorithm algorithm : {controller.writeAlgorithm, controller.closeAlgorithm,
                                          controller.abortAlgorithm, controller.strategySizeAlgorithm}) {
    Byte(static_cast<uint8_t>(algorithm));
  }
  Double(controller.strategyHWM);
  Flag(controller.byte_limit.has_value());
  Number(controller.byte_limit.value_or(0));
  Slot(stream.closeRequest);
  Slot(stream.inFlightWriteRequest);
  Slot(stream.inFlightCloseRequest);
  Flag(stream.pendingAbortRequest.has_value());
  if (stream.pendingAbortRequest.has_value()) {
    Slot(stream.pendingAbortRequest->promise);
    Slot(stream.pendingAbortRequest->reason);
    Flag(stream.pendingAbortRequest->wasAlreadyErroring);
  }
  Slot(stream.storedError);
  Value(host_->SignalReason(number));
  Number(stream.writeRequests.size());
  for (const core::PromiseSlot request : stream.writeRequests) Slot(request);
  Number(controller.queue.size());
  for (const core::QueueEntry& entry : controller.queue) {
    Slot(entry.value);
    Double(entry.size);
    Number(entry.charge);
    Flag(entry.is_close_sentinel);
  }
  Double(controller.queueTotalSize);
  Number(controller.charged_bytes);
}

bool CanonicalState::IsObserved(uint32_t promise) const {
  if (fault_ == Fault::kObserved) return false;
  return promise < author_->observed.size() && author_->observed[promise];
}

void CanonicalState::Describe(const Writer& writer) {
  Byte(static_cast<uint8_t>((writer.core->stream.is_undefined() ? 0 : 1) | (writer.released ? 2 : 0)));
  if (fault_ != Fault::kReadyPromise) Slot(writer.core->readyPromise);
  Slot(writer.core->closedPromise);
}

// The stream's own, whether the author has it or gave its name to another.
void CanonicalState::ActiveWriter(const core::WritableStream& stream) {
  const Driver::Author& author = *author_;
  if (stream.writer.is_undefined()) return Byte(0);
  size_t name = 0;
  while (name < kWriterCount &&
         (author.writers[name] == Driver::kUnassigned || uint64_t{author.writers[name]} + 1 != stream.writer.name))
    ++name;
  Byte(name < kWriterCount ? 1 : 2);
  Describe({&host_->writer(stream.writer), name < kWriterCount && author.released[name]});
}

void CanonicalState::PendingPromises(size_t stream) {
  for (int source = 0; source < kPromiseSourceCount; ++source) {
    const auto& pending = author_->streams[stream].pending[static_cast<size_t>(source)];
    Number(pending.size());
    for (const uint32_t id : pending) {
      static_cast<PromiseSource>(source) == PromiseSource::kThen ? Resolver(id) : Promise(id);
    }
  }
}

void CanonicalState::Microtasks() {
  const auto describe = [this](const Realm::Job& job) {
    Byte(static_cast<uint8_t>(1 + job.kind));
    if (job.kind == Realm::Job::kReaction) {
      Flag(job.fulfilled);
      Reaction(host_->realm().reaction(job.index));
    } else {
      Promise(job.index);
    }
    Value(job.value);
  };
  if (fault_ != Fault::kMicrotasks) {
    for (const Realm::Job& job : host_->realm().jobs()) describe(job);
  }
  Byte(0);
  // Those that are handled by now are not reported.
  for (const uint32_t promise : host_->realm().rejected()) {
    if (!host_->realm().IsHandled(promise)) Value(sim::Value::Of(ValueKind::kPromise, promise));
  }
  Byte(0);
}

uint64_t CanonicalState::Key(core::PromiseSlot slot) const {
  if (slot.is_undefined()) return 0;
  const uint32_t promise = host_->PromiseIndex(slot);
  const Realm::PromiseRecord& record = host_->realm().promise(promise);
  return uint64_t{promises_.Find(promise)} << 32 | uint64_t{IsObserved(promise)} << 16 | uint64_t{record.handled} << 8 |
         static_cast<uint64_t>(record.state);
}

std::array<uint64_t, 4> CanonicalState::Key(const Writer& writer) const {
  return {writer.core->stream.name, writer.released, Key(writer.core->readyPromise), Key(writer.core->closedPromise)};
}

// The author's writers that had this stream and have it no more. Their names do not matter, so that they stand in an
// order of their own: those that are alike in what is compared are alike altogether, or something that was described
// before tells them apart.
void CanonicalState::OtherWriters(size_t stream) {
  const Driver::Author& author = *author_;
  std::array<Writer, kWriterCount> others{};
  size_t count = 0;
  for (size_t name = 0; name < kWriterCount; ++name) {
    if (author.writers[name] == Driver::kUnassigned || author.stream_of_writer[name] != stream) continue;
    const core::WriterSlot slot{uint64_t{author.writers[name]} + 1};
    if (slot != host_->stream(stream).writer) others[count++] = {&host_->writer(slot), author.released[name]};
  }
  std::sort(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(count),
            [this](const Writer& a, const Writer& b) { return Key(a) < Key(b); });
  Number(count);
  for (size_t i = 0; i < count; ++i) Describe(others[i]);
}

}  // namespace sluice::fuzz

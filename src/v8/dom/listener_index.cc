#include "src/v8/dom/listener_index.h"

namespace sluice::binding {

bool listener::IsSame(v8::Local<v8::Object> record, v8::Local<v8::String> type, v8::Local<v8::Value> callback,
                      bool capture) {
  return Has(record, kCapture) == capture && Field(record, kCallback)->StrictEquals(callback) && HasType(record, type);
}

namespace listener_index {
namespace {

constexpr int kBits = 4;
constexpr int kFields = 1 << kBits;
static_assert(kFields <= DomData::kMaxRecordFields && kFields != listener::kEnd);

uint32_t HashOf(v8::Local<v8::String> type, v8::Local<v8::Value> callback, bool capture) {
  uint32_t hash = static_cast<uint32_t>(type->GetIdentityHash()) * 0x9E3779B1u;
  hash = (hash ^ static_cast<uint32_t>(callback.As<v8::Object>()->GetIdentityHash())) * 0x85EBCA77u;
  return (hash ^ hash >> 15) + (capture ? 1 : 0);
}

uint32_t HashOf(v8::Local<v8::Object> record) {
  return HashOf(Field(record, listener::kType).As<v8::String>(), Field(record, listener::kCallback),
                listener::Has(record, listener::kCapture));
}

bool IsNode(v8::Local<v8::Object> record) { return record->InternalFieldCount() == kFields; }
int Digit(uint32_t hash, int level) { return static_cast<int>(hash >> (kBits * level)) & (kFields - 1); }

// The field that has, or would have, the listeners of `hash`.
struct Slot {
  v8::Local<v8::Object> holder;
  int field;
  int level;  // of what is in it
};
Slot SlotOf(v8::Local<v8::Object> owner, int field, uint32_t hash) {
  Slot slot{owner, field, 0};
  for (auto node = ObjectField(owner, field); !node.IsEmpty() && IsNode(node);
       node = ObjectField(slot.holder, slot.field)) {
    slot = {node, Digit(hash, slot.level), slot.level + 1};
  }
  return slot;
}

}  // namespace

bool Insert(v8::Local<v8::Context> context, v8::Local<v8::Object> owner, int field, v8::Local<v8::Object> record) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::HandleScope scope(isolate);
  const uint32_t hash = HashOf(record);
  Slot slot = SlotOf(owner, field, hash);
  v8::Local<v8::Object> there = ObjectField(slot.holder, slot.field);
  while (!there.IsEmpty() && HashOf(there) != hash) {
    // Two hashes in one place: a level more, until they part.
    v8::Local<v8::Object> node;
    if (!DomData::Of(isolate).NewRecord(context, kFields).ToLocal(&node)) return false;
    SetField(node, Digit(HashOf(there), slot.level), there);
    SetField(slot.holder, slot.field, node);
    slot = {node, Digit(hash, slot.level), slot.level + 1};
    there = ObjectField(slot.holder, slot.field);
  }
  if (!there.IsEmpty()) SetField(record, listener::kSameHash, there);
  SetField(slot.holder, slot.field, record);
  return true;
}

v8::Local<v8::Object> Find(v8::Local<v8::Object> owner, int field, v8::Local<v8::String> type,
                           v8::Local<v8::Value> callback, bool capture) {
  const Slot slot = SlotOf(owner, field, HashOf(type, callback, capture));
  auto record = ObjectField(slot.holder, slot.field);
  while (!record.IsEmpty() && !listener::IsSame(record, type, callback, capture)) {
    record = ObjectField(record, listener::kSameHash);
  }
  return record;
}

void Remove(v8::Isolate* isolate, v8::Local<v8::Object> owner, int field, v8::Local<v8::Object> record) {
  const v8::HandleScope scope(isolate);
  const Slot slot = SlotOf(owner, field, HashOf(record));
  v8::Local<v8::Object> holder = slot.holder;
  int at = slot.field;
  for (auto next = ObjectField(holder, at); !next.IsEmpty(); next = ObjectField(holder, at)) {
    if (next == record) {
      SetField(holder, at, Field(record, listener::kSameHash));
      ClearField(isolate, record, listener::kSameHash);
      return;
    }
    holder = next;
    at = listener::kSameHash;
  }
}

}  // namespace listener_index
}  // namespace sluice::binding

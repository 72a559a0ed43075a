#include "src/v8/dom/list.h"

#include <algorithm>

namespace sluice::binding::list {
namespace {

constexpr int64_t kFirstSweep = 16;

void Sweep(v8::Isolate* isolate, v8::Local<v8::Object> head, IsDead is_dead) {
  const v8::HandleScope scope(isolate);
  v8::Local<v8::Object> alive;  // the last of those that stay
  int64_t size = 0;
  for (auto node = ObjectField(head, kFirst); !node.IsEmpty(); node = ObjectField(node, kNext)) {
    const v8::Local<v8::Value> value = ValueOf(node);
    if (value->IsUndefined() || is_dead(isolate, value)) continue;
    if (alive.IsEmpty()) {
      SetField(head, kFirst, node);
    } else {
      SetField(alive, kNext, node);
    }
    alive = node;
    ++size;
  }
  if (alive.IsEmpty()) {
    ClearField(isolate, head, kFirst);
    ClearField(isolate, head, kLast);
  } else {
    ClearField(isolate, alive, kNext);
    SetField(head, kLast, alive);
  }
  SetIntegerField(isolate, head, kSize, size);
  SetIntegerField(isolate, head, kSweepAt, std::max(kFirstSweep, 2 * size));
}

}  // namespace

bool Append(v8::Local<v8::Context> context, v8::Local<v8::Object> owner, int field, v8::Local<v8::Value> value,
            IsDead is_dead) {
  v8::Isolate* isolate = context->GetIsolate();
  const v8::HandleScope scope(isolate);
  v8::Local<v8::Object> head = ObjectField(owner, field);
  if (head.IsEmpty()) {
    if (!DomData::Of(isolate).NewRecord(context, kHeadEnd).ToLocal(&head)) return false;
    SetIntegerField(isolate, head, kSweepAt, kFirstSweep);
    SetField(owner, field, head);
  } else if (IntegerField(head, kSize) >= IntegerField(head, kSweepAt)) {
    Sweep(isolate, head, is_dead);
  }
  v8::Local<v8::Object> node;
  if (!DomData::Of(isolate).NewRecord(context, kNodeEnd).ToLocal(&node)) return false;
  SetField(node, kValue, value);
  const v8::Local<v8::Object> last = ObjectField(head, kLast);
  if (last.IsEmpty()) {
    SetField(head, kFirst, node);
  } else {
    SetField(last, kNext, node);
  }
  SetField(head, kLast, node);
  SetIntegerField(isolate, head, kSize, IntegerField(head, kSize) + 1);
  return true;
}

v8::Local<v8::Value> Last(v8::Isolate* isolate, v8::Local<v8::Object> owner, int field) {
  const v8::Local<v8::Object> head = ObjectField(owner, field);
  const v8::Local<v8::Object> last = head.IsEmpty() ? head : ObjectField(head, kLast);
  return last.IsEmpty() ? v8::Undefined(isolate).As<v8::Value>() : ValueOf(last);
}

}  // namespace sluice::binding::list

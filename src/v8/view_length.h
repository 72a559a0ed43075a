// The length of a view in bytes, as its `byteLength` has it.
//
// v8::ArrayBufferView::ByteLength() of V8 10.2 (behind --harmony-rab-gsab) keeps the length that a view over a
// resizable buffer had when it was made. Where an engine does so, the intrinsic getters are called.
#ifndef SLUICE_V8_VIEW_LENGTH_H_
#define SLUICE_V8_VIEW_LENGTH_H_

#include <v8.h>

#include <cstdint>

namespace sluice::binding {

class ViewLength {
 public:
  // `context`: a realm that no author can reach.
  explicit ViewLength(v8::Local<v8::Context> context);

  uint64_t Of(v8::Isolate* isolate, v8::Local<v8::ArrayBufferView> view) const {
    return context_.IsEmpty() ? view->ByteLength() : FromGetter(isolate, view);
  }

 private:
  uint64_t FromGetter(v8::Isolate* isolate, v8::Local<v8::ArrayBufferView> view) const;

  v8::Global<v8::Context> context_;  // empty: V8's own length is right
  v8::Global<v8::Function> of_typed_array_;
  v8::Global<v8::Function> of_data_view_;
};

}  // namespace sluice::binding

#endif  // SLUICE_V8_VIEW_LENGTH_H_

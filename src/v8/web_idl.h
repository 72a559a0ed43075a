// Web IDL's JavaScript binding, as far as this project needs it: interfaces as tables of members.
//   https://webidl.spec.whatwg.org/#es-interfaces
//
//   constexpr Member kMembers[] = {
//       {Member::kAttribute, "aborted", GetAborted},
//       {Member::kOperation, "throwIfAborted", ThrowIfAborted},
//   };
//   constexpr Interface kAbortSignalInterface{.name = "AbortSignal", .parent = &kEventTargetInterface, .fields = 9,
//                                             .members = kMembers};
//
// From a table come the property attributes, function names and lengths, brand checks, Symbol.toStringTag and the
// illegal constructor. Every object has internal field 0 for its brand (a pointer to the Interface it was made of);
// field kFirstField and those after it are the interface's own.
//
// Callbacks are called with a receiver of the right brand only, or V8 has thrown.
#ifndef SLUICE_V8_WEB_IDL_H_
#define SLUICE_V8_WEB_IDL_H_

#include <v8.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sluice::binding {

using Info = v8::FunctionCallbackInfo<v8::Value>;

struct Member {
  enum Kind : uint8_t {
    kOperation,
    kStaticOperation,
    kAttribute,
    kConstant,  // `value`, on the interface object and on its prototype
  };
  Kind kind = kOperation;
  const char* name = "";
  v8::FunctionCallback call = nullptr;  // or getter
  v8::FunctionCallback set = nullptr;   // attributes: the setter; none: read only
  int length = 0;                       // operations: how many arguments are required
  int value = 0;                        // constants
  bool unforgeable = false;             // [LegacyUnforgeable]: an own property of each instance; read only attributes
};

inline constexpr int kBrandField = 0;
inline constexpr int kFirstField = 1;

// Interfaces are static objects; their address is the brand.
struct Interface {
  const char* name = "";
  const Interface* parent = nullptr;
  v8::FunctionCallback construct = nullptr;  // none: "Illegal constructor". Called with `new` only
  int length = 0;                            // of the constructor
  int fields = 0;                            // internal fields besides the brand
  std::span<const Member> members;
};

// The interface's template in this isolate, made when it is first asked for. Shared by all realms of the isolate, so
// that brand checks accept other realms' objects.
v8::Local<v8::FunctionTemplate> TemplateOf(v8::Isolate* isolate, const Interface& interface);

// A new object of `interface` in `context`, without running its constructor. Empty only when execution is being
// terminated.
v8::MaybeLocal<v8::Object> NewObject(v8::Local<v8::Context> context, const Interface& interface);

// Marks `object`, made by a constructor of `interface`, as of that interface. The first thing a constructor does.
void SetBrand(v8::Local<v8::Object> object, const Interface& interface);

// Whether `value` is a platform object that implements `interface` or one derived from it. Runs no author code.
bool Implements(v8::Local<v8::Value> value, const Interface& interface);

// Defines the interface object of `interface` as a property of the global object of `context`.
void Expose(v8::Local<v8::Context> context, const Interface& interface);

// ---- Strings and errors

// An internalized string of ASCII characters, of our own words: text of an author may be too long for it.
v8::Local<v8::String> Ascii(v8::Isolate* isolate, std::string_view text);
// `text`, which is UTF-8, as the message of an error: cut where it is longer than anybody would read.
v8::Local<v8::String> ErrorText(v8::Isolate* isolate, std::string_view text);
// Throws in the current context. `text` is an ErrorText.
void ThrowTypeError(v8::Isolate* isolate, std::string_view text);
void ThrowRangeError(v8::Isolate* isolate, std::string_view text);
// False after throwing "WritableStream: 1 argument required, but only 0 present".
bool RequireArguments(const Info& info, int required, std::string_view what);

// ---- Conversions. https://webidl.spec.whatwg.org/#js-type-mapping
// Of a DOMString: Value::ToString. Of a boolean: Value::BooleanValue.

// [EnforceRange] unsigned long long. False with a TypeError (or what the value's conversion throws) thrown.
bool ToUnsignedLongLongEnforceRange(v8::Local<v8::Context> context, v8::Local<v8::Value> value, std::string_view what,
                                    double& result);
// Of a sequence: calls `element` with each value that iterating `value` gives, in a handle scope of its own: there may
// be any number. `element` converts it and returns whether that went well; a failure ends it, without closing the
// iterator. False with an exception thrown.
bool ForEachInSequence(v8::Local<v8::Context> context, v8::Local<v8::Value> value, std::string_view what,
                       const std::function<bool(v8::Local<v8::Value>)>& element);

// Objects that are each in it once, in the order in which they came.
template <typename T>
class ObjectSet {
 public:
  // False if it is there already.
  bool Add(v8::Isolate* isolate, v8::Local<T> object) {
    const auto [begin, end] = by_hash_.equal_range(object->GetIdentityHash());
    for (auto i = begin; i != end; ++i) {
      if (objects_[i->second] == object) return false;
    }
    by_hash_.emplace(object->GetIdentityHash(), objects_.size());
    objects_.emplace_back(isolate, object);
    return true;
  }
  std::vector<v8::Local<T>> Locals(v8::Isolate* isolate) const {
    std::vector<v8::Local<T>> locals;
    for (const v8::Global<T>& object : objects_) locals.push_back(object.Get(isolate));
    return locals;
  }

 private:
  std::vector<v8::Global<T>> objects_;
  std::unordered_multimap<int, size_t> by_hash_;
};

// ---- Dictionaries. https://webidl.spec.whatwg.org/#es-dictionary
// False with an exception thrown if `value` is neither undefined nor null nor an object; `dictionary` is then empty.
// An empty `dictionary` has no members.
bool ToDictionary(v8::Isolate* isolate, v8::Local<v8::Value> value, std::string_view what,
                  v8::Local<v8::Object>& dictionary);
// The member's value, undefined if it is not there; empty if a getter threw.
v8::MaybeLocal<v8::Value> DictionaryMember(v8::Local<v8::Context> context, v8::Local<v8::Object> dictionary,
                                           v8::Local<v8::String> name);

}  // namespace sluice::binding

#endif  // SLUICE_V8_WEB_IDL_H_

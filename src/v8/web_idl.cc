#include "src/v8/web_idl.h"

#include <cmath>
#include <string>

#include "src/v8/isolate_data.h"

namespace sluice::binding {
namespace {

constexpr auto kHidden = static_cast<v8::PropertyAttribute>(v8::DontEnum);
constexpr auto kFixed = static_cast<v8::PropertyAttribute>(v8::DontDelete | v8::ReadOnly);

const Interface* BrandOf(v8::Local<v8::Object> object) {
  if (object->InternalFieldCount() <= kBrandField) return nullptr;
  return static_cast<const Interface*>(object->GetAlignedPointerFromInternalField(kBrandField));
}

bool IsOrDerives(const Interface* brand, const Interface& interface) {
  for (; brand != nullptr; brand = brand->parent) {
    if (brand == &interface) return true;
  }
  return false;
}

void IllegalConstructor(const Info& info) { ThrowTypeError(info.GetIsolate(), "Illegal constructor"); }

// What every constructor does before its own steps.
void ConstructInterface(const Info& info) {
  const auto* interface = static_cast<const Interface*>(info.Data().As<v8::External>()->Value());
  if (!info.IsConstructCall()) {
    return ThrowTypeError(info.GetIsolate(),
                          std::string("Class constructor ") + interface->name + " cannot be invoked without 'new'");
  }
  if (!RequireArguments(info, interface->length, std::string("Failed to construct '") + interface->name + "'")) return;
  SetBrand(info.This(), *interface);
  interface->construct(info);
}

v8::Local<v8::FunctionTemplate> NewFunction(v8::Isolate* isolate, v8::FunctionCallback call, int length,
                                            v8::Local<v8::Signature> signature, std::string_view name) {
  const auto function = v8::FunctionTemplate::New(isolate, call, v8::Local<v8::Value>(), signature, length,
                                                  v8::ConstructorBehavior::kThrow);
  function->SetClassName(Ascii(isolate, name));
  return function;
}

void AddMember(v8::Isolate* isolate, v8::Local<v8::FunctionTemplate> made, const Member& member) {
  const auto name = Ascii(isolate, member.name);
  const auto signature = v8::Signature::New(isolate, made);
  const auto holder = made->PrototypeTemplate();
  switch (member.kind) {
    case Member::kOperation:
      holder->Set(name, NewFunction(isolate, member.call, member.length, signature, member.name));
      break;
    case Member::kStaticOperation:
      made->Set(name, NewFunction(isolate, member.call, member.length, {}, member.name));
      break;
    case Member::kAttribute: {
      const auto get = NewFunction(isolate, member.call, 0, signature, std::string("get ") + member.name);
      v8::Local<v8::FunctionTemplate> set;
      if (member.set != nullptr)
        set = NewFunction(isolate, member.set, 1, signature, std::string("set ") + member.name);
      holder->SetAccessorProperty(name, get, set);
      break;
    }
    case Member::kConstant:
      made->Set(name, v8::Integer::New(isolate, member.value), kFixed);
      made->PrototypeTemplate()->Set(name, v8::Integer::New(isolate, member.value), kFixed);
      break;
  }
}

}  // namespace

v8::Local<v8::FunctionTemplate> IsolateData::TemplateOf(const Interface& interface) {
  if (const auto found = templates_.find(&interface); found != templates_.end()) return found->second.Get(isolate_);
  const bool constructible = interface.construct != nullptr;
  const auto made =
      v8::FunctionTemplate::New(isolate_, constructible ? &ConstructInterface : &IllegalConstructor,
                                v8::External::New(isolate_, const_cast<Interface*>(&interface)), {}, interface.length);
  made->SetClassName(Ascii(isolate_, interface.name));
  made->ReadOnlyPrototype();
  made->InstanceTemplate()->SetInternalFieldCount(kFirstField + interface.fields);
  if (interface.parent != nullptr) made->Inherit(TemplateOf(*interface.parent));
  templates_[&interface].Set(isolate_, made);
  for (const Member& member : interface.members) {
    if (!member.unforgeable) AddMember(isolate_, made, member);
  }
  // Instances have those of every interface that they implement.
  for (const Interface* inherited = &interface; inherited != nullptr; inherited = inherited->parent) {
    for (const Member& member : inherited->members) {
      if (!member.unforgeable) continue;
      made->InstanceTemplate()->SetAccessorProperty(Ascii(isolate_, member.name), UnforgeableOf(*inherited, member), {},
                                                    v8::DontDelete);
    }
  }
  made->PrototypeTemplate()->Set(v8::Symbol::GetToStringTag(isolate_), Ascii(isolate_, interface.name),
                                 static_cast<v8::PropertyAttribute>(v8::DontEnum | v8::ReadOnly));
  return made;
}

v8::Local<v8::FunctionTemplate> IsolateData::UnforgeableOf(const Interface& interface, const Member& member) {
  if (const auto found = unforgeable_.find(&member); found != unforgeable_.end()) return found->second.Get(isolate_);
  const auto get = NewFunction(isolate_, member.call, 0, v8::Signature::New(isolate_, TemplateOf(interface)),
                               std::string("get ") + member.name);
  unforgeable_[&member].Set(isolate_, get);
  return get;
}

v8::Local<v8::FunctionTemplate> TemplateOf(v8::Isolate* isolate, const Interface& interface) {
  return IsolateData::Of(isolate)->TemplateOf(interface);
}

v8::MaybeLocal<v8::Object> NewObject(v8::Local<v8::Context> context, const Interface& interface) {
  v8::Local<v8::Object> object;
  if (!TemplateOf(context->GetIsolate(), interface)->InstanceTemplate()->NewInstance(context).ToLocal(&object))
    return {};
  SetBrand(object, interface);
  return object;
}

void SetBrand(v8::Local<v8::Object> object, const Interface& interface) {
  object->SetAlignedPointerInInternalField(kBrandField, const_cast<Interface*>(&interface));
}

bool Implements(v8::Local<v8::Value> value, const Interface& interface) {
  return value->IsObject() && IsOrDerives(BrandOf(value.As<v8::Object>()), interface);
}

void Expose(v8::Local<v8::Context> context, const Interface& interface) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Function> constructor;
  if (!TemplateOf(isolate, interface)->GetFunction(context).ToLocal(&constructor)) return;
  v8::Local<v8::Function> parent;
  if (interface.parent != nullptr && TemplateOf(isolate, *interface.parent)->GetFunction(context).ToLocal(&parent)) {
    (void)constructor->SetPrototype(context, parent);
  }
  (void)context->Global()->DefineOwnProperty(context, Ascii(isolate, interface.name), constructor, kHidden);
}

v8::Local<v8::String> Ascii(v8::Isolate* isolate, std::string_view text) {
  return v8::String::NewFromOneByte(isolate, reinterpret_cast<const uint8_t*>(text.data()),
                                    v8::NewStringType::kInternalized, static_cast<int>(text.size()))
      .ToLocalChecked();
}

v8::Local<v8::String> ErrorText(v8::Isolate* isolate, std::string_view text) {
  constexpr size_t kLongestMessage = 10'000;  // bytes
  std::string cut;
  if (text.size() > kLongestMessage) {
    size_t end = kLongestMessage;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = cut = std::string(text.substr(0, end)) + "... (" + std::to_string(text.size() - end) + " more bytes)";
  }
  return v8::String::NewFromUtf8(isolate, text.data(), v8::NewStringType::kNormal, static_cast<int>(text.size()))
      .FromMaybe(v8::String::Empty(isolate));
}

void ThrowTypeError(v8::Isolate* isolate, std::string_view text) {
  isolate->ThrowException(v8::Exception::TypeError(ErrorText(isolate, text)));
}

void ThrowRangeError(v8::Isolate* isolate, std::string_view text) {
  isolate->ThrowException(v8::Exception::RangeError(ErrorText(isolate, text)));
}

bool RequireArguments(const Info& info, int required, std::string_view what) {
  if (info.Length() >= required) return true;
  ThrowTypeError(info.GetIsolate(), std::string(what) + ": " + std::to_string(required) + " argument" +
                                        (required == 1 ? "" : "s") + " required, but only " +
                                        std::to_string(info.Length()) + " present");
  return false;
}

bool ToUnsignedLongLongEnforceRange(v8::Local<v8::Context> context, v8::Local<v8::Value> value, std::string_view what,
                                    double& result) {
  v8::Local<v8::Number> number;
  if (!value->ToNumber(context).ToLocal(&number)) return false;
  result = std::trunc(number->Value());
  constexpr double kMaxSafeInteger = 9007199254740991;
  if (result >= 0 && result <= kMaxSafeInteger) return true;  // not NaN
  ThrowTypeError(context->GetIsolate(), std::string(what) + " is not an integer from 0 to 2^53 - 1");
  return false;
}

namespace {

// Throws unless `value` can be called.
bool RequireCallable(v8::Isolate* isolate, v8::Local<v8::Value> value, std::string_view what) {
  if (value->IsObject() && value.As<v8::Object>()->IsCallable()) return true;
  ThrowTypeError(isolate, std::string(what) + " is not iterable");
  return false;
}

// Calls `next`; `value` is what it gave, unless `done`. False with an exception thrown.
bool Step(v8::Local<v8::Context> context, v8::Local<v8::Object> iterator, v8::Local<v8::Object> next, bool& done,
          v8::Local<v8::Value>& value) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Value> result;
  v8::Local<v8::Value> done_value;
  if (!next->CallAsFunction(context, iterator, 0, nullptr).ToLocal(&result)) return false;
  if (!result->IsObject()) {
    ThrowTypeError(isolate, "An iterator's result is not an object");
    return false;
  }
  if (!result.As<v8::Object>()->Get(context, Ascii(isolate, "done")).ToLocal(&done_value)) return false;
  done = done_value->BooleanValue(isolate);
  return done || result.As<v8::Object>()->Get(context, Ascii(isolate, "value")).ToLocal(&value);
}

}  // namespace

bool ForEachInSequence(v8::Local<v8::Context> context, v8::Local<v8::Value> value, std::string_view what,
                       const std::function<bool(v8::Local<v8::Value>)>& element) {
  v8::Isolate* isolate = context->GetIsolate();
  if (!value->IsObject()) return RequireCallable(isolate, v8::Undefined(isolate), what);
  v8::Local<v8::Value> method;
  v8::Local<v8::Value> iterator;
  v8::Local<v8::Value> next;
  if (!value.As<v8::Object>()->Get(context, v8::Symbol::GetIterator(isolate)).ToLocal(&method) ||
      !RequireCallable(isolate, method, what) ||
      !method.As<v8::Object>()->CallAsFunction(context, value, 0, nullptr).ToLocal(&iterator)) {
    return false;
  }
  if (!iterator->IsObject()) return RequireCallable(isolate, iterator, what);
  if (!iterator.As<v8::Object>()->Get(context, Ascii(isolate, "next")).ToLocal(&next) ||
      !RequireCallable(isolate, next, what)) {
    return false;
  }
  for (bool done = false; !done;) {
    const v8::HandleScope each(isolate);
    v8::Local<v8::Value> got;
    if (!Step(context, iterator.As<v8::Object>(), next.As<v8::Object>(), done, got)) return false;
    if (!done && !element(got)) return false;
  }
  return true;
}

bool ToDictionary(v8::Isolate* isolate, v8::Local<v8::Value> value, std::string_view what,
                  v8::Local<v8::Object>& dictionary) {
  dictionary = {};
  if (value->IsNullOrUndefined()) return true;
  if (!value->IsObject()) {
    ThrowTypeError(isolate, std::string(what) + " is not an object");
    return false;
  }
  dictionary = value.As<v8::Object>();
  return true;
}

v8::MaybeLocal<v8::Value> DictionaryMember(v8::Local<v8::Context> context, v8::Local<v8::Object> dictionary,
                                           v8::Local<v8::String> name) {
  if (dictionary.IsEmpty()) return v8::Undefined(context->GetIsolate());
  return dictionary->Get(context, name);
}

}  // namespace sluice::binding

#include "src/runtime/inspect.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "src/runtime/fetch/fetch.h"
#include "src/runtime/inspect_text.h"
#include "src/runtime/values.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

using Entries = std::vector<std::string>;

class Inspector {
 public:
  Inspector(v8::Local<v8::Context> context, const InspectOptions& options)
      : context_(context), isolate_(context->GetIsolate()), options_(options) {}

  std::string Value(v8::Local<v8::Value> value, int depth);

 private:
  // A property without running its getter.
  struct Property {
    v8::Local<v8::Value> value;  // empty: an accessor, or nothing
    const char* accessor = nullptr;
    bool enumerable = true;
  };

  v8::Local<v8::String> Name(const char* name) { return binding::Ascii(isolate_, name); }
  std::string Text(v8::Local<v8::Value> string) { return Utf8(isolate_, string.As<v8::String>()); }
  Property Own(v8::Local<v8::Object> object, v8::Local<v8::Name> name);
  v8::Local<v8::Value> OwnData(v8::Local<v8::Object> object, const char* name) { return Own(object, Name(name)).value; }
  v8::Local<v8::Value> Inherited(v8::Local<v8::Object> object, v8::Local<v8::Name> name);

  std::string Primitive(v8::Local<v8::Value> value);
  std::string Object(v8::Local<v8::Object> object, int depth);
  std::string ObjectBody(v8::Local<v8::Object> object, int depth);
  std::string Header(v8::Local<v8::Object> object, const char* usual);
  std::string FunctionName(v8::Local<v8::Object> object);
  std::string Error(v8::Local<v8::Object> error, int depth);
  std::string Stack(v8::Local<v8::Object> error);
  std::string Boxed(v8::Local<v8::Object> object);
  std::string RegExp(v8::Local<v8::Object> object);
  std::string ArrayLike(v8::Local<v8::Object> object, const std::string& header, size_t length, int depth);
  std::string Collection(v8::Local<v8::Object> object, const std::string& header, v8::Local<v8::Array> items,
                         bool pairs, int depth);
  std::string Buffer(v8::Local<v8::Object> object, const std::shared_ptr<v8::BackingStore>& store, int depth);
  std::string PromiseState(v8::Local<v8::Promise> promise, int depth);
  void AddProperties(v8::Local<v8::Object> object, Entries& entries, int depth, bool indices,
                     const std::vector<const char*>& leave_out = {});
  std::string Key(v8::Local<v8::Value> key);
  void AddMore(Entries& entries, size_t shown, size_t all, const char* one, const char* many);

  v8::Local<v8::Context> context_;
  v8::Isolate* isolate_;
  const InspectOptions& options_;
  std::vector<v8::Local<v8::Object>> above_;      // the objects that the current one is in
  std::vector<v8::Global<v8::Object>> circular_;  // those that something in them refers to, in that order
};

Inspector::Property Inspector::Own(v8::Local<v8::Object> object, v8::Local<v8::Name> name) {
  v8::Local<v8::Value> found;
  if (object->IsProxy() || !object->GetOwnPropertyDescriptor(context_, name).ToLocal(&found) || !found->IsObject()) {
    return {};
  }
  const v8::Local<v8::Object> descriptor = found.As<v8::Object>();
  // Only what is the descriptor's own: Object.prototype may have been given a `get`.
  const auto member = [&](const char* field) {
    v8::Local<v8::Value> value;
    return descriptor->HasOwnProperty(context_, Name(field)).FromMaybe(false) &&
                   descriptor->Get(context_, Name(field)).ToLocal(&value)
               ? value
               : v8::Local<v8::Value>();
  };
  const v8::Local<v8::Value> enumerable = member("enumerable");
  Property property{.value = member("value"), .enumerable = !enumerable.IsEmpty() && enumerable->IsTrue()};
  if (property.value.IsEmpty()) {
    const v8::Local<v8::Value> get = member("get");
    const v8::Local<v8::Value> set = member("set");
    const bool gets = !get.IsEmpty() && get->IsFunction();
    const bool sets = !set.IsEmpty() && set->IsFunction();
    property.accessor = gets && sets ? "[Getter/Setter]" : sets ? "[Setter]" : "[Getter]";
  }
  return property;
}

v8::Local<v8::Value> Inspector::Inherited(v8::Local<v8::Object> object, v8::Local<v8::Name> name) {
  v8::Local<v8::Value> holder = object;
  while (holder->IsObject() && !holder->IsProxy()) {
    const Property property = Own(holder.As<v8::Object>(), name);
    if (!property.value.IsEmpty()) return property.value;
    if (property.accessor != nullptr) break;
    holder = holder.As<v8::Object>()->GetPrototype();
  }
  return {};
}

std::string Inspector::Primitive(v8::Local<v8::Value> value) {
  if (value->IsString()) return Quote(Text(value), options_.max_string);
  if (value->IsNumber() && value.As<v8::Number>()->Value() == 0 && std::signbit(value.As<v8::Number>()->Value())) {
    return "-0";
  }
  if (value->IsSymbol()) {
    const v8::Local<v8::Value> description = value.As<v8::Symbol>()->Description(isolate_);
    return "Symbol(" + (description->IsString() ? Text(description) : "") + ")";
  }
  v8::Local<v8::String> text;
  if (!value->ToString(context_).ToLocal(&text)) return "<unprintable>";
  return Utf8(isolate_, text) + (value->IsBigInt() ? "n" : "");
}

std::string Inspector::Value(v8::Local<v8::Value> value, int depth) {
  if (!value->IsObject()) return Primitive(value);
  while (value->IsProxy()) {
    value = value.As<v8::Proxy>()->GetTarget();
    if (!value->IsObject()) return "<Revoked Proxy>";
  }
  return Object(value.As<v8::Object>(), depth);
}

std::string Inspector::Object(v8::Local<v8::Object> object, int depth) {
  const auto is_above = [&](v8::Local<v8::Object> other) { return other->StrictEquals(object); };
  const auto is_circular = [&](const v8::Global<v8::Object>& other) { return other == object; };
  if (std::any_of(above_.begin(), above_.end(), is_above)) {
    auto found = std::find_if(circular_.begin(), circular_.end(), is_circular);
    if (found == circular_.end()) found = circular_.emplace(found, isolate_, object);
    return "[Circular *" + std::to_string(found - circular_.begin() + 1) + "]";
  }
  above_.push_back(object);
  std::string text = ObjectBody(object, depth);
  above_.pop_back();
  const auto found = std::find_if(circular_.begin(), circular_.end(), is_circular);
  if (found == circular_.end()) return text;
  return "<ref *" + std::to_string(found - circular_.begin() + 1) + "> " + text;
}

std::string Inspector::Header(v8::Local<v8::Object> object, const char* usual) {
  std::string name = ClassNameOf(context_, object);
  if (name.empty()) name = std::string("[") + usual + ": null prototype]";
  const v8::Local<v8::Value> tag = Inherited(object, v8::Symbol::GetToStringTag(isolate_));
  if (!tag.IsEmpty() && tag->IsString() && !Text(tag).empty() && Text(tag) != name) name += " [" + Text(tag) + "]";
  return name;
}

std::string Inspector::FunctionName(v8::Local<v8::Object> object) {
  const v8::Local<v8::Function> function = object.As<v8::Function>();
  const v8::Local<v8::Value> name = OwnData(function, "name");
  const std::string text = !name.IsEmpty() && name->IsString() ? Text(name) : "";
  v8::Local<v8::String> source;
  if (function->FunctionProtoToString(context_).ToLocal(&source)) {
    const std::string code = Utf8(isolate_, source);
    if (code.starts_with("class") && code.size() > 5 && !IsIdentifier(code.substr(5, 1)) && code.ends_with("}")) {
      const v8::Local<v8::Value> parent = object->GetPrototype();
      const v8::Local<v8::Value> parent_name =
          parent->IsFunction() ? OwnData(parent.As<v8::Object>(), "name") : v8::Local<v8::Value>();
      const bool extends = !parent_name.IsEmpty() && parent_name->IsString() && !Text(parent_name).empty();
      return "[class " + (text.empty() ? "(anonymous)" : text) + (extends ? " extends " + Text(parent_name) : "") + "]";
    }
  }
  const char* const kind = object->IsAsyncFunction()       ? "AsyncFunction"
                           : object->IsGeneratorFunction() ? "GeneratorFunction"
                                                           : "Function";
  return std::string("[") + kind + (text.empty() ? " (anonymous)]" : ": " + text + "]");
}

std::string Inspector::Boxed(v8::Local<v8::Object> object) {
  if (object->IsNumberObject()) {
    return "[Number: " + Primitive(v8::Number::New(isolate_, object.As<v8::NumberObject>()->ValueOf())) + "]";
  }
  if (object->IsBooleanObject()) {
    return object.As<v8::BooleanObject>()->ValueOf() ? "[Boolean: true]" : "[Boolean: false]";
  }
  if (object->IsStringObject()) return "[String: " + Primitive(object.As<v8::StringObject>()->ValueOf()) + "]";
  if (object->IsSymbolObject()) return "[Symbol: " + Primitive(object.As<v8::SymbolObject>()->ValueOf()) + "]";
  if (object->IsBigIntObject()) return "[BigInt: " + Primitive(object.As<v8::BigIntObject>()->ValueOf()) + "]";
  return "";
}

std::string Inspector::RegExp(v8::Local<v8::Object> object) {
  const v8::Local<v8::RegExp> expression = object.As<v8::RegExp>();
  std::string text = "/" + Utf8(isolate_, expression->GetSource()) + "/";
  const int flags = expression->GetFlags();
  constexpr std::pair<int, char> kFlags[] = {{v8::RegExp::kHasIndices, 'd'}, {v8::RegExp::kGlobal, 'g'},
                                             {v8::RegExp::kIgnoreCase, 'i'}, {v8::RegExp::kMultiline, 'm'},
                                             {v8::RegExp::kDotAll, 's'},     {v8::RegExp::kUnicode, 'u'},
                                             {v8::RegExp::kSticky, 'y'}};
  for (const auto& [flag, letter] : kFlags) {
    if ((flags & flag) != 0) text += letter;
  }
  return text;
}

// The stack, or "Error: message" in brackets if there is none.
std::string Inspector::Stack(v8::Local<v8::Object> error) {
  v8::Local<v8::Value> stack = OwnData(error, "stack");
  const std::string class_name = ClassNameOf(context_, error);
  if (!stack.IsEmpty() && stack->IsString() && stack.As<v8::String>()->Length() != 0) {
    std::string text = Text(stack);
    // A class that extends Error and sets no name is called "Error" by its stack.
    const size_t end = std::min(text.find_first_of(":\n"), text.size());
    const std::string said = text.substr(0, end);
    if (!class_name.empty() && said != class_name && said.ends_with("Error") && IsIdentifier(said) &&
        (said == "Error" || class_name.ends_with(said)) &&
        text.substr(0, text.find('\n')).find(class_name) == std::string::npos) {
      text.replace(0, end, class_name);
    }
    return text;
  }
  const v8::Local<v8::Value> name = Inherited(error, Name("name"));
  const v8::Local<v8::Value> message = Inherited(error, Name("message"));
  std::string text = !name.IsEmpty() && name->IsString() ? Text(name) : class_name.empty() ? "Error" : class_name;
  if (!message.IsEmpty() && message->IsString() && !Text(message).empty()) text += ": " + Text(message);
  return "[" + text + "]";
}

std::string Inspector::Error(v8::Local<v8::Object> error, int depth) {
  const std::string stack = Stack(error);
  Entries entries;
  AddProperties(error, entries, depth, /*indices=*/true, {"stack", "message", "cause", "errors"});
  for (const char* const name : {"cause", "errors"}) {
    const Property property = Own(error, Name(name));
    if (property.value.IsEmpty()) continue;
    const std::string label = property.enumerable ? name : "[" + std::string(name) + "]";
    entries.push_back(label + ": " + Value(property.value, depth + 1));
  }
  return entries.empty() ? stack : LayOut(stack, '{', '}', entries);
}

void Inspector::AddMore(Entries& entries, size_t shown, size_t all, const char* one, const char* many) {
  if (shown >= all) return;
  entries.push_back("... " + std::to_string(all - shown) + " more " + (all - shown == 1 ? one : many));
}

std::string Inspector::Key(v8::Local<v8::Value> key) {
  if (key->IsSymbol()) return "[" + Primitive(key) + "]";
  const std::string text = key->IsString() ? Text(key) : Primitive(key);
  return !key->IsString() || IsIdentifier(text) ? text : Quote(text, std::string::npos);
}

void Inspector::AddProperties(v8::Local<v8::Object> object, Entries& entries, int depth, bool indices,
                              const std::vector<const char*>& leave_out) {
  v8::Local<v8::Array> names;
  if (!object
           ->GetPropertyNames(context_, v8::KeyCollectionMode::kOwnOnly,
                              options_.hidden ? v8::ALL_PROPERTIES : v8::ONLY_ENUMERABLE,
                              indices ? v8::IndexFilter::kIncludeIndices : v8::IndexFilter::kSkipIndices,
                              v8::KeyConversionMode::kKeepNumbers)
           .ToLocal(&names)) {
    return;
  }
  const size_t count = names->Length();
  for (size_t i = 0; i < std::min(count, options_.max_entries); ++i) {
    const v8::HandleScope handles(isolate_);
    v8::Local<v8::Value> key;
    v8::Local<v8::String> text;
    if (!names->Get(context_, static_cast<uint32_t>(i)).ToLocal(&key)) return;
    if (key->IsString() &&
        std::any_of(leave_out.begin(), leave_out.end(), [&](const char* name) { return Text(key) == name; })) {
      continue;
    }
    v8::Local<v8::Name> name;
    if (key->IsName()) {
      name = key.As<v8::Name>();
    } else if (key->ToString(context_).ToLocal(&text)) {
      name = text;
    } else {
      return;
    }
    v8::TryCatch caught(isolate_);
    const Property property = Own(object, name);
    std::string label = Key(key);
    if (!property.enumerable && !caught.HasCaught()) label = "[" + label + "]";
    // A module's binding that is not initialised yet throws.
    const std::string value = caught.HasCaught()             ? "<uninitialized>"
                              : property.accessor != nullptr ? property.accessor
                              : property.value.IsEmpty()     ? "<unreadable>"
                                                             : Value(property.value, depth + 1);
    entries.push_back(label + ": " + value);
  }
  AddMore(entries, options_.max_entries, count, "property", "properties");
}

std::string Inspector::ArrayLike(v8::Local<v8::Object> object, const std::string& header, size_t length, int depth) {
  Entries entries;
  size_t index = 0;
  bool primitives = true;
  const bool typed = object->IsTypedArray();
  while (index < length && entries.size() < options_.max_entries) {
    const v8::HandleScope handles(isolate_);
    const auto at = static_cast<uint32_t>(index);
    const auto exists = [&](size_t i) {
      return typed || object->HasRealIndexedProperty(context_, static_cast<uint32_t>(i)).FromMaybe(false);
    };
    if (!exists(index)) {
      // A hole may be four thousand million items long; the next index is looked for in the list of keys instead.
      size_t end = index + 1;
      const size_t near = std::min(length, index + 1000);
      while (end < near && !exists(end)) ++end;
      if (end == near && end < length) {
        v8::Local<v8::Array> keys;
        end = length;
        if (object
                ->GetPropertyNames(context_, v8::KeyCollectionMode::kOwnOnly, v8::SKIP_SYMBOLS,
                                   v8::IndexFilter::kIncludeIndices, v8::KeyConversionMode::kKeepNumbers)
                .ToLocal(&keys)) {
          for (uint32_t i = 0; i < keys->Length(); ++i) {
            v8::Local<v8::Value> key;
            if (!keys->Get(context_, i).ToLocal(&key) || !key->IsUint32()) continue;
            const size_t number = key.As<v8::Uint32>()->Value();
            if (number > index) end = std::min(end, number);
          }
        }
      }
      const size_t holes = end - index;
      entries.push_back("<" + std::to_string(holes) + (holes == 1 ? " empty item>" : " empty items>"));
      index = end;
      continue;
    }
    Property property;
    if (typed) {
      if (!object->Get(context_, at).ToLocal(&property.value)) break;
    } else {
      v8::Local<v8::String> name;
      if (!v8::Number::New(isolate_, at)->ToString(context_).ToLocal(&name)) break;
      property = Own(object, name);
    }
    if (property.value.IsEmpty()) {
      entries.emplace_back(property.accessor != nullptr ? property.accessor : "<unreadable>");
    } else {
      primitives = primitives && !property.value->IsObject();
      entries.push_back(Value(property.value, depth + 1));
    }
    ++index;
  }
  AddMore(entries, index, length, "item", "items");
  AddProperties(object, entries, depth, /*indices=*/false, {"length"});
  return LayOut(header, '[', ']', entries, primitives);
}

std::string Inspector::Collection(v8::Local<v8::Object> object, const std::string& header, v8::Local<v8::Array> items,
                                  bool pairs, int depth) {
  Entries entries;
  const uint32_t step = pairs ? 2 : 1;
  const size_t count = items->Length() / step;
  for (size_t i = 0; i < std::min(count, options_.max_entries); ++i) {
    const v8::HandleScope handles(isolate_);
    v8::Local<v8::Value> first;
    v8::Local<v8::Value> second;
    if (!items->Get(context_, static_cast<uint32_t>(i) * step).ToLocal(&first)) break;
    std::string entry = Value(first, depth + 1);
    if (pairs && items->Get(context_, static_cast<uint32_t>(i) * 2 + 1).ToLocal(&second)) {
      entry += " => " + Value(second, depth + 1);
    }
    entries.push_back(std::move(entry));
  }
  AddMore(entries, options_.max_entries, count, "item", "items");
  AddProperties(object, entries, depth, /*indices=*/true);
  return LayOut(header, '{', '}', entries);
}

std::string Inspector::Buffer(v8::Local<v8::Object> object, const std::shared_ptr<v8::BackingStore>& store, int depth) {
  constexpr size_t kShownBytes = 50;
  Entries entries;
  const auto* const bytes = static_cast<const uint8_t*>(store->Data());
  const size_t length = store->ByteLength();
  if (object->IsArrayBuffer() && object.As<v8::ArrayBuffer>()->WasDetached()) {
    entries.emplace_back("(detached)");
  }
  std::string contents = "[Contents]: <";
  for (size_t i = 0; i < std::min(length, kShownBytes); ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    if (i != 0) contents += ' ';
    contents += kDigits[bytes[i] >> 4];
    contents += kDigits[bytes[i] & 15];
  }
  if (length > kShownBytes) contents += " ... " + std::to_string(length - kShownBytes) + " more";
  entries.push_back(contents + ">");
  entries.push_back("byteLength: " + std::to_string(length));
  AddProperties(object, entries, depth, /*indices=*/true);
  return LayOut(Header(object, "ArrayBuffer"), '{', '}', entries);
}

std::string Inspector::PromiseState(v8::Local<v8::Promise> promise, int depth) {
  Entries entries;
  switch (promise->State()) {
    case v8::Promise::kPending:
      entries.emplace_back("<pending>");
      break;
    case v8::Promise::kFulfilled:
      entries.push_back(Value(promise->Result(), depth + 1));
      break;
    case v8::Promise::kRejected:
      entries.push_back("<rejected> " + Value(promise->Result(), depth + 1));
      break;
  }
  AddProperties(promise, entries, depth, /*indices=*/true);
  return LayOut(Header(promise, "Promise"), '{', '}', entries);
}

std::string Inspector::ObjectBody(v8::Local<v8::Object> object, int depth) {
  const auto with_properties = [&](const std::string& text, bool indices = true) {
    Entries entries;
    AddProperties(object, entries, depth, indices);
    return entries.empty() ? text : LayOut(text, '{', '}', entries);
  };
  const auto sized = [&](const char* usual, size_t size) {
    return Header(object, usual) + "(" + std::to_string(size) + ")";
  };
  if (depth > options_.depth) {
    if (object->IsFunction()) return FunctionName(object);
    return "[" + (object->IsArray() ? "Array" : Header(object, "Object")) + "]";
  }
  if (object->IsFunction()) return with_properties(FunctionName(object));
  if (object->IsNativeError()) return Error(object, depth);
  if (object->IsArray()) {
    const uint32_t length = object.As<v8::Array>()->Length();
    const std::string name = Header(object, "Array");
    return ArrayLike(object, name == "Array" ? "" : sized("Array", length), length, depth);
  }
  if (object->IsTypedArray()) {
    const size_t length = object.As<v8::TypedArray>()->Length();
    return ArrayLike(object, ClassNameOf(context_, object) + "(" + std::to_string(length) + ")", length, depth);
  }
  if (object->IsArgumentsObject()) {
    const v8::Local<v8::Value> length = OwnData(object, "length");
    if (!length.IsEmpty() && length->IsUint32()) {
      return ArrayLike(object, "[Arguments]", length.As<v8::Uint32>()->Value(), depth);
    }
  }
  if (object->IsMap()) {
    return Collection(object, sized("Map", object.As<v8::Map>()->Size()), object.As<v8::Map>()->AsArray(), true, depth);
  }
  if (object->IsSet()) {
    return Collection(object, sized("Set", object.As<v8::Set>()->Size()), object.As<v8::Set>()->AsArray(), false,
                      depth);
  }
  if (object->IsMapIterator() || object->IsSetIterator()) {
    bool pairs = false;
    v8::Local<v8::Array> items;
    if (object->PreviewEntries(&pairs).ToLocal(&items)) {
      return Collection(object, object->IsMapIterator() ? "[Map Iterator]" : "[Set Iterator]", items, pairs, depth);
    }
  }
  if (object->IsPromise()) return PromiseState(object.As<v8::Promise>(), depth);
  if (object->IsDate()) return with_properties(IsoDate(object.As<v8::Date>()->ValueOf()));
  if (object->IsRegExp()) return with_properties(RegExp(object));
  if (object->IsArrayBuffer()) return Buffer(object, object.As<v8::ArrayBuffer>()->GetBackingStore(), depth);
  if (object->IsSharedArrayBuffer()) {
    return Buffer(object, object.As<v8::SharedArrayBuffer>()->GetBackingStore(), depth);
  }
  if (object->IsDataView()) {
    const v8::Local<v8::ArrayBufferView> view = object.As<v8::ArrayBufferView>();
    return LayOut("DataView", '{', '}',
                  {"byteLength: " + std::to_string(view->ByteLength()),
                   "byteOffset: " + std::to_string(view->ByteOffset()), "buffer: " + Value(view->Buffer(), depth + 1)});
  }
  if (object->IsWeakMap() || object->IsWeakSet()) return Header(object, "Weak") + " { <items unknown> }";
  if (const std::string boxed = Boxed(object); !boxed.empty()) return with_properties(boxed, !object->IsStringObject());
  // Errors that are no Error of the language, DOMException first among them, are printed as errors when they have a
  // stack.
  const v8::Local<v8::Value> stack = OwnData(object, "stack");
  if (!stack.IsEmpty() && stack->IsString() && ClassNameOf(context_, object).ends_with("Exception")) {
    return Error(object, depth);
  }
  Entries entries;
  if (v8::Local<v8::Object> shown; DescribeFetchObject(context_, object).ToLocal(&shown)) {
    if (shown->IsArray()) {
      return Collection(object, sized("Object", shown.As<v8::Array>()->Length() / 2), shown.As<v8::Array>(), true,
                        depth);
    }
    AddProperties(shown, entries, depth, /*indices=*/true);
  }
  AddProperties(object, entries, depth, /*indices=*/true);
  const std::string header = object->IsModuleNamespaceObject() ? "[Module]" : Header(object, "Object");
  return LayOut(header == "Object" ? "" : header, '{', '}', entries);
}

}  // namespace

std::string ClassNameOf(v8::Local<v8::Context> context, v8::Local<v8::Object> object) {
  v8::Isolate* const isolate = context->GetIsolate();
  const auto own_data = [&](v8::Local<v8::Object> holder, const char* name) {
    v8::Local<v8::Value> value;
    v8::Local<v8::Value> descriptor;
    const v8::Local<v8::String> field = binding::Ascii(isolate, "value");
    if (!holder->GetOwnPropertyDescriptor(context, binding::Ascii(isolate, name)).ToLocal(&descriptor) ||
        !descriptor->IsObject() || !descriptor.As<v8::Object>()->HasOwnProperty(context, field).FromMaybe(false) ||
        !descriptor.As<v8::Object>()->Get(context, field).ToLocal(&value)) {
      return v8::Local<v8::Value>();
    }
    return value;
  };
  const v8::TryCatch caught(isolate);
  v8::Local<v8::Value> holder = object->GetPrototype();
  while (holder->IsObject() && !holder->IsProxy()) {
    const v8::Local<v8::Value> constructor = own_data(holder.As<v8::Object>(), "constructor");
    if (!constructor.IsEmpty() && constructor->IsFunction()) {
      const v8::Local<v8::Value> name = own_data(constructor.As<v8::Object>(), "name");
      if (!name.IsEmpty() && name->IsString() && name.As<v8::String>()->Length() != 0) {
        return Utf8(isolate, name.As<v8::String>());
      }
    }
    holder = holder.As<v8::Object>()->GetPrototype();
  }
  return "";
}

std::string Inspect(v8::Local<v8::Context> context, v8::Local<v8::Value> value, const InspectOptions& options) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::HandleScope handles(isolate);
  const v8::TryCatch caught(isolate);
  if (options.raw_string && value->IsString()) return Utf8(isolate, value.As<v8::String>());
  return Inspector(context, options).Value(value, 0);
}

}  // namespace sluice::runtime

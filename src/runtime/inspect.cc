#include "src/runtime/inspect.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "src/runtime/fetch/fetch.h"
#include "src/runtime/inspect_text.h"
#include "src/runtime/values.h"
#include "src/v8/isolate_data.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

using Entries = std::vector<std::string>;

// Of prototypes and proxies that are followed: longer chains are there to be slow.
constexpr int kLongestChain = 100;
constexpr size_t kLongestClassName = 1000;  // bytes

std::string MoreCharacters(size_t count) {
  return "... " + std::to_string(count) + (count == 1 ? " more character" : " more characters");
}

class Inspector {
 public:
  Inspector(v8::Local<v8::Context> context, const InspectOptions& options, PrintBudget& budget)
      : context_(context), isolate_(context->GetIsolate()), options_(options), budget_(budget) {}

  std::string Value(v8::Local<v8::Value> value, int depth);
  // As much of an author's string as the budget and `limit`, in bytes, leave room for, with a word about the rest.
  std::string Text(v8::Local<v8::Value> string, size_t limit = std::string::npos);

 private:
  // A property without running its getter.
  struct Property {
    v8::Local<v8::Value> value;  // empty: an accessor, or nothing
    const char* accessor = nullptr;
    bool enumerable = true;
  };

  v8::Local<v8::String> Name(const char* name) { return binding::Ascii(isolate_, name); }
  std::string TextAndRest(v8::Local<v8::Value> string, size_t limit, size_t& rest);
  // Of classes, functions, symbols.
  std::string NameText(v8::Local<v8::Value> string) { return Text(string, kLongestName); }
  std::string Quoted(v8::Local<v8::Value> string);
  // Whether there is room for one entry more, which it takes.
  bool TakeEntry();
  // Takes entries for work that prints nothing: `steps` of it.
  void Charge(size_t steps) { budget_.entries -= std::min(budget_.entries, steps / kStepsForAnEntry); }
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
  std::string LargeCollection(const std::string& header, size_t size);
  std::string Buffer(v8::Local<v8::Object> object, const std::shared_ptr<v8::BackingStore>& store, int depth);
  std::string PromiseState(v8::Local<v8::Promise> promise, int depth);
  void AddProperties(v8::Local<v8::Object> object, Entries& entries, int depth, bool indices,
                     const std::vector<const char*>& leave_out = {});
  std::string Key(v8::Local<v8::Value> key);
  void AddMore(Entries& entries, size_t shown, size_t all, const char* one, const char* many);

  static constexpr size_t kLongestName = 1000;  // bytes
  static constexpr size_t kStepsForAnEntry = 64;
  static constexpr size_t kLongestBigInt = 10'000;  // words: 190,000 digits
  static constexpr size_t kLargestCollection = 100'000;
  static constexpr uintptr_t kStack = 64 * 1024;  // bytes that one object may need

  v8::Local<v8::Context> context_;
  v8::Isolate* isolate_;
  const InspectOptions& options_;
  PrintBudget& budget_;
  std::vector<v8::Local<v8::Object>> above_;      // the objects that the current one is in
  std::vector<v8::Global<v8::Object>> circular_;  // those that something in them refers to, in that order
};

std::string Inspector::TextAndRest(v8::Local<v8::Value> value, size_t limit, size_t& rest) {
  const v8::Local<v8::String> string = value.As<v8::String>();
  const size_t allowed = std::min(limit, budget_.characters);
  std::string text = Utf8Prefix(isolate_, string, allowed, rest);
  // What a character takes in the end: lines are moved to the right, control characters become escapes.
  const size_t indent = 2 * above_.size();
  size_t cost = 0;
  size_t end = 0;
  while (end < text.size() && cost < budget_.characters) {
    const auto byte = static_cast<unsigned char>(text[end++]);
    cost += byte == '\n' ? 1 + indent : byte < 0x20 || byte == 0x7F ? 4 : 1;
  }
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
  if (end < text.size()) {
    rest += text.size() - end;  // not quite: bytes are no units
    text.resize(end);
  }
  budget_.characters -= std::min(budget_.characters, cost);
  if (rest != 0 && budget_.characters == 0) budget_.cut = true;
  return text;
}

std::string Inspector::Text(v8::Local<v8::Value> string, size_t limit) {
  size_t rest = 0;
  std::string text = TextAndRest(string, limit, rest);
  return rest == 0 ? text : text + MoreCharacters(rest);
}

std::string Inspector::Quoted(v8::Local<v8::Value> string) {
  size_t rest = 0;
  const std::string text = Quote(TextAndRest(string, options_.max_string, rest), std::string::npos);
  return rest == 0 ? text : text + MoreCharacters(rest);
}

bool Inspector::TakeEntry() {
  if (budget_.spent()) {
    budget_.cut = true;
    return false;
  }
  --budget_.entries;
  budget_.characters -= std::min(budget_.characters, 2 * above_.size() + 2);
  return true;
}

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
  for (int level = 0; level < kLongestChain && holder->IsObject() && !holder->IsProxy(); ++level) {
    const Property property = Own(holder.As<v8::Object>(), name);
    if (!property.value.IsEmpty()) return property.value;
    if (property.accessor != nullptr) break;
    holder = holder.As<v8::Object>()->GetPrototype();
  }
  return {};
}

std::string Inspector::Primitive(v8::Local<v8::Value> value) {
  if (value->IsString()) return Quoted(value);
  if (value->IsNumber() && value.As<v8::Number>()->Value() == 0 && std::signbit(value.As<v8::Number>()->Value())) {
    return "-0";
  }
  if (value->IsSymbol()) {
    const v8::Local<v8::Value> description = value.As<v8::Symbol>()->Description(isolate_);
    return "Symbol(" + (description->IsString() ? NameText(description) : "") + ")";
  }
  if (value->IsBigInt()) {
    const auto words = static_cast<size_t>(value.As<v8::BigInt>()->WordCount());
    // Its digits would take longer to find than to print.
    if (words > kLongestBigInt) return "<BigInt of " + std::to_string(words * 64) + " bits>";
    if (budget_.spent()) return "<BigInt>";
  }
  v8::Local<v8::String> text;
  if (!value->ToString(context_).ToLocal(&text)) return "<unprintable>";
  return Text(text) + (value->IsBigInt() ? "n" : "");
}

std::string Inspector::Value(v8::Local<v8::Value> value, int depth) {
  if (!value->IsObject()) return Primitive(value);
  for (int level = 0; value->IsProxy(); ++level) {
    if (level == kLongestChain) return "<Proxy>";
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
  // A name is all that there is room for, on paper or on the stack.
  if (budget_.spent() || !binding::IsolateData::Of(isolate_)->HasStack(kStack)) {
    budget_.cut = true;
    return object->IsArray() ? "[Array]" : object->IsFunction() ? "[Function]" : "[Object]";
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
  if (!tag.IsEmpty() && tag->IsString() && tag.As<v8::String>()->Length() != 0) {
    const std::string text = NameText(tag);
    if (text != name) name += " [" + text + "]";
  }
  budget_.characters -= std::min(budget_.characters, name.size());
  return name;
}

std::string Inspector::FunctionName(v8::Local<v8::Object> object) {
  const v8::Local<v8::Function> function = object.As<v8::Function>();
  const v8::Local<v8::Value> name = OwnData(function, "name");
  const std::string text = !name.IsEmpty() && name->IsString() ? NameText(name) : "";
  v8::Local<v8::String> source;
  if (function->FunctionProtoToString(context_).ToLocal(&source)) {
    const auto part = [&](int from, int count) {
      char code[8] = {};
      source->WriteOneByte(isolate_, reinterpret_cast<uint8_t*>(code), from, count, v8::String::NO_NULL_TERMINATION);
      return std::string(code, static_cast<size_t>(count));
    };
    if (source->Length() > 6 && part(0, 5) == "class" && !IsIdentifier(part(5, 1)) &&
        part(source->Length() - 1, 1) == "}") {
      const v8::Local<v8::Value> parent = object->GetPrototype();
      const v8::Local<v8::Value> parent_name =
          parent->IsFunction() ? OwnData(parent.As<v8::Object>(), "name") : v8::Local<v8::Value>();
      const bool extends =
          !parent_name.IsEmpty() && parent_name->IsString() && parent_name.As<v8::String>()->Length() != 0;
      return "[class " + (text.empty() ? "(anonymous)" : text) + (extends ? " extends " + NameText(parent_name) : "") +
             "]";
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
  std::string text = "/" + Text(expression->GetSource()) + "/";
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
  std::string text = !name.IsEmpty() && name->IsString() ? NameText(name) : class_name.empty() ? "Error" : class_name;
  if (!message.IsEmpty() && message->IsString() && message.As<v8::String>()->Length() != 0) {
    text += ": " + Text(message);
  }
  return "[" + text + "]";
}

std::string Inspector::Error(v8::Local<v8::Object> error, int depth) {
  const std::string stack = Stack(error);
  Entries entries;
  AddProperties(error, entries, depth, /*indices=*/true, {"stack", "message", "cause", "errors"});
  for (const char* const name : {"cause", "errors"}) {
    const Property property = Own(error, Name(name));
    if (property.value.IsEmpty() || !TakeEntry()) continue;
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
  Charge(count);
  size_t i = 0;
  for (; i < std::min(count, options_.max_entries); ++i) {
    const v8::HandleScope handles(isolate_);
    v8::Local<v8::Value> key;
    v8::Local<v8::String> text;
    if (!names->Get(context_, static_cast<uint32_t>(i)).ToLocal(&key)) return;
    const auto is_key = [&](const char* name) { return key.As<v8::String>()->StringEquals(Name(name)); };
    if (key->IsString() && std::any_of(leave_out.begin(), leave_out.end(), is_key)) continue;
    if (!TakeEntry()) break;
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
  AddMore(entries, i, count, "property", "properties");
}

std::string Inspector::ArrayLike(v8::Local<v8::Object> object, const std::string& header, size_t length, int depth) {
  Entries entries;
  size_t index = 0;
  bool primitives = true;
  const bool typed = object->IsTypedArray();
  while (index < length && entries.size() < options_.max_entries && TakeEntry()) {
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
      Charge(end - index);
      if (end == near && end < length) {
        v8::Local<v8::Array> keys;
        end = length;
        if (object
                ->GetPropertyNames(context_, v8::KeyCollectionMode::kOwnOnly, v8::SKIP_SYMBOLS,
                                   v8::IndexFilter::kIncludeIndices, v8::KeyConversionMode::kKeepNumbers)
                .ToLocal(&keys)) {
          Charge(keys->Length());
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
  Charge(items->Length());
  size_t i = 0;
  for (; i < std::min(count, options_.max_entries) && TakeEntry(); ++i) {
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
  AddMore(entries, i, count, "item", "items");
  AddProperties(object, entries, depth, /*indices=*/true);
  return LayOut(header, '{', '}', entries);
}

std::string Inspector::LargeCollection(const std::string& header, size_t size) {
  // V8 shows all of its items or none.
  return header + " { ... " + std::to_string(size) + " more items }";
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
    if (const size_t size = object.As<v8::Map>()->Size(); size > kLargestCollection) {
      return LargeCollection(sized("Map", size), size);
    }
    return Collection(object, sized("Map", object.As<v8::Map>()->Size()), object.As<v8::Map>()->AsArray(), true, depth);
  }
  if (object->IsSet()) {
    if (const size_t size = object.As<v8::Set>()->Size(); size > kLargestCollection) {
      return LargeCollection(sized("Set", size), size);
    }
    return Collection(object, sized("Set", object.As<v8::Set>()->Size()), object.As<v8::Set>()->AsArray(), false,
                      depth);
  }
  if (object->IsMapIterator() || object->IsSetIterator()) {
    bool pairs = false;
    v8::Local<v8::Array> items;
    if (object->PreviewEntries(&pairs).ToLocal(&items)) {
      Charge(items->Length());
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
  for (int level = 0; level < kLongestChain && holder->IsObject() && !holder->IsProxy(); ++level) {
    const v8::Local<v8::Value> constructor = own_data(holder.As<v8::Object>(), "constructor");
    if (!constructor.IsEmpty() && constructor->IsFunction()) {
      const v8::Local<v8::Value> name = own_data(constructor.As<v8::Object>(), "name");
      if (!name.IsEmpty() && name->IsString() && name.As<v8::String>()->Length() != 0) {
        size_t rest = 0;
        std::string text = Utf8Prefix(isolate, name.As<v8::String>(), kLongestClassName, rest);
        return rest == 0 ? text : text + MoreCharacters(rest);
      }
    }
    holder = holder.As<v8::Object>()->GetPrototype();
  }
  return "";
}

std::string PrintBudget::Note() const {
  if (!cut) return "";
  return "\n... more is not printed: at once, no more than " + std::to_string(kEntries) + " entries and " +
         std::to_string(kCharacters) + " bytes are";
}

std::string Inspect(v8::Local<v8::Context> context, v8::Local<v8::Value> value, const InspectOptions& options) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::HandleScope handles(isolate);
  const v8::TryCatch caught(isolate);
  PrintBudget own;
  PrintBudget& budget = options.budget == nullptr ? own : *options.budget;
  Inspector inspector(context, options, budget);
  const std::string text = options.raw_string && value->IsString() ? inspector.Text(value) : inspector.Value(value, 0);
  return text + own.Note();
}

}  // namespace sluice::runtime

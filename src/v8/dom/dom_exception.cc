#include "src/v8/dom/dom_exception.h"

#include "src/v8/dom/dom_data.h"

namespace sluice::binding {
namespace {

enum Fields { kMessageField = kFirstField, kNameField, kFieldsEnd };

// https://webidl.spec.whatwg.org/#dfn-error-names-table
struct LegacyCode {
  const char* constant;
  const char* name;  // none: no exception has this code any more
  int code;
};
constexpr LegacyCode kLegacyCodes[] = {
    {"INDEX_SIZE_ERR", "IndexSizeError", 1},
    {"DOMSTRING_SIZE_ERR", nullptr, 2},
    {"HIERARCHY_REQUEST_ERR", "HierarchyRequestError", 3},
    {"WRONG_DOCUMENT_ERR", "WrongDocumentError", 4},
    {"INVALID_CHARACTER_ERR", "InvalidCharacterError", 5},
    {"NO_DATA_ALLOWED_ERR", nullptr, 6},
    {"NO_MODIFICATION_ALLOWED_ERR", "NoModificationAllowedError", 7},
    {"NOT_FOUND_ERR", "NotFoundError", 8},
    {"NOT_SUPPORTED_ERR", "NotSupportedError", 9},
    {"INUSE_ATTRIBUTE_ERR", "InUseAttributeError", 10},
    {"INVALID_STATE_ERR", "InvalidStateError", 11},
    {"SYNTAX_ERR", "SyntaxError", 12},
    {"INVALID_MODIFICATION_ERR", "InvalidModificationError", 13},
    {"NAMESPACE_ERR", "NamespaceError", 14},
    {"INVALID_ACCESS_ERR", "InvalidAccessError", 15},
    {"VALIDATION_ERR", nullptr, 16},
    {"TYPE_MISMATCH_ERR", "TypeMismatchError", 17},
    {"SECURITY_ERR", "SecurityError", 18},
    {"NETWORK_ERR", "NetworkError", 19},
    {"ABORT_ERR", "AbortError", 20},
    {"URL_MISMATCH_ERR", "URLMismatchError", 21},
    {"QUOTA_EXCEEDED_ERR", "QuotaExceededError", 22},
    {"TIMEOUT_ERR", "TimeoutError", 23},
    {"INVALID_NODE_TYPE_ERR", "InvalidNodeTypeError", 24},
    {"DATA_CLONE_ERR", "DataCloneError", 25},
};

// `stack`, as errors have it. There is none where the stack is so full that it cannot be captured.
void CaptureStack(v8::Local<v8::Context> context, v8::Local<v8::Object> exception) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::TryCatch caught(isolate);
  const v8::Local<v8::Function> capture = DomData::Of(isolate).GetIntrinsic(context, DomData::kCaptureStackTrace);
  v8::Local<v8::Value> arguments[] = {exception};
  if (!capture.IsEmpty()) capture->Call(context, v8::Undefined(isolate), 1, arguments).IsEmpty();
}

void Initialize(v8::Local<v8::Context> context, v8::Local<v8::Object> exception, v8::Local<v8::String> message,
                v8::Local<v8::String> name) {
  SetField(exception, kMessageField, message);
  SetField(exception, kNameField, name);
  CaptureStack(context, exception);
}

// https://webidl.spec.whatwg.org/#dom-domexception-domexception
void ConstructException(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::String> message = v8::String::Empty(isolate);
  if (!info[0]->IsUndefined() && !info[0]->ToString(context).ToLocal(&message)) return;
  v8::Local<v8::String> name = Ascii(isolate, "Error");
  if (!info[1]->IsUndefined() && !info[1]->ToString(context).ToLocal(&name)) return;
  Initialize(context, info.This(), message, name);
}

void GetName(const Info& info) { info.GetReturnValue().Set(Field(info.This(), kNameField)); }
void GetMessage(const Info& info) { info.GetReturnValue().Set(Field(info.This(), kMessageField)); }

// https://webidl.spec.whatwg.org/#dom-domexception-code
void GetCode(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  const v8::Local<v8::String> name = Field(info.This(), kNameField).As<v8::String>();
  int32_t code = 0;
  for (const LegacyCode& legacy : kLegacyCodes) {
    if (legacy.name != nullptr && name->StringEquals(Ascii(isolate, legacy.name))) code = legacy.code;
  }
  info.GetReturnValue().Set(code);
}

constexpr int kAttributes = 3;
constexpr auto MakeMembers() {
  std::array<Member, kAttributes + std::size(kLegacyCodes)> members{};
  members[0] = {Member::kAttribute, "name", GetName};
  members[1] = {Member::kAttribute, "message", GetMessage};
  members[2] = {Member::kAttribute, "code", GetCode};
  for (size_t i = 0; i < std::size(kLegacyCodes); ++i) {
    members[kAttributes + i].kind = Member::kConstant;
    members[kAttributes + i].name = kLegacyCodes[i].constant;
    members[kAttributes + i].value = kLegacyCodes[i].code;
  }
  return members;
}
constexpr auto kExceptionMembers = MakeMembers();

}  // namespace

constexpr Interface kDomExceptionInterface{.name = "DOMException",
                                           .construct = ConstructException,
                                           .fields = kFieldsEnd - kFirstField,
                                           .members = kExceptionMembers};

v8::MaybeLocal<v8::Object> NewDOMException(v8::Local<v8::Context> context, std::string_view message,
                                           std::string_view name) {
  v8::Isolate* isolate = context->GetIsolate();
  v8::Local<v8::Object> exception;
  if (!NewObject(context, kDomExceptionInterface).ToLocal(&exception)) return {};
  Initialize(context, exception, ErrorText(isolate, message), Ascii(isolate, name));
  return exception;
}

v8::MaybeLocal<v8::Object> NewDOMExceptionWithoutStack(v8::Local<v8::Context> context, v8::Local<v8::String> message,
                                                       v8::Local<v8::String> name) {
  v8::Local<v8::Object> exception;
  if (!NewObject(context, kDomExceptionInterface).ToLocal(&exception)) return {};
  SetField(exception, kMessageField, message);
  SetField(exception, kNameField, name);
  return exception;
}

v8::Local<v8::String> DOMExceptionName(v8::Local<v8::Object> exception) {
  return Field(exception, kNameField).As<v8::String>();
}
v8::Local<v8::String> DOMExceptionMessage(v8::Local<v8::Object> exception) {
  return Field(exception, kMessageField).As<v8::String>();
}

void ThrowDOMException(v8::Local<v8::Context> context, std::string_view message, std::string_view name) {
  v8::Local<v8::Object> exception;
  if (NewDOMException(context, message, name).ToLocal(&exception)) context->GetIsolate()->ThrowException(exception);
}

void ExposeDomException(v8::Local<v8::Context> context) {
  v8::Isolate* isolate = context->GetIsolate();
  Expose(context, kDomExceptionInterface);
  v8::Local<v8::Function> interface_object;
  v8::Local<v8::Value> prototype;
  if (!TemplateOf(isolate, kDomExceptionInterface)->GetFunction(context).ToLocal(&interface_object) ||
      !interface_object->Get(context, Ascii(isolate, "prototype")).ToLocal(&prototype)) {
    return;
  }
  const v8::Local<v8::Object> error = v8::Exception::Error(v8::String::Empty(isolate)).As<v8::Object>();
  const v8::Local<v8::Value> error_prototype = error->GetPrototype();
  (void)prototype.As<v8::Object>()->SetPrototype(context, error_prototype);
  v8::Local<v8::Value> error_constructor;
  v8::Local<v8::Value> capture;
  if (!error_prototype.As<v8::Object>()->Get(context, Ascii(isolate, "constructor")).ToLocal(&error_constructor) ||
      !error_constructor.As<v8::Object>()->Get(context, Ascii(isolate, "captureStackTrace")).ToLocal(&capture)) {
    return;
  }
  DomData::Of(isolate).SetIntrinsic(context, DomData::kCaptureStackTrace, capture);
  DomData::Of(isolate).SetIntrinsic(context, DomData::kDoNothing, interface_object->GetPrototype());
}

}  // namespace sluice::binding

#include "src/runtime/repl_evaluator.h"

#include <v8-inspector.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string_view>
#include <utility>

#include "sanitizers/lsan.h"
#include "src/runtime/values.h"
#include "src/v8/engine_versions.h"
#include "src/v8/isolate_data.h"
#include "src/v8/web_idl.h"

// For a leak of V8's inspector; the reasons are in sanitizers/. Here, because a shell is started without the scripts'
// environment too.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
extern "C" const char* __lsan_default_suppressions() {
  return sluice::kLsanSuppressions;
}  // NOLINT: the sanitizer's name
extern "C" const char* __lsan_default_options() { return sluice::kLsanOptions; }  // NOLINT
#endif
#endif

namespace sluice::runtime {
namespace {

constexpr int kContextGroup = 1;
constexpr std::string_view kObjectGroup = "repl";

v8_inspector::StringView View(std::string_view ascii) {
  return {reinterpret_cast<const uint8_t*>(ascii.data()), ascii.size()};
}

// A JSON string literal in ASCII. Not JSON.stringify: an author's Object.prototype.toJSON would be in the way.
std::string JsonString(v8::Isolate* isolate, v8::Local<v8::String> string) {
  std::vector<uint16_t> units(static_cast<size_t>(string->Length()));
  string->Write(isolate, units.data(), 0, string->Length(), v8::String::NO_NULL_TERMINATION);
  std::string out = "\"";
  for (const uint16_t unit : units) {
    if (unit >= 0x20 && unit < 0x7F && unit != '"' && unit != '\\') {
      out += static_cast<char>(unit);
    } else {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04X", unit);
      out += escape;
    }
  }
  return out + "\"";
}

// The code after its last line that is not blank.
size_t EndOfText(const v8::Local<v8::String>& string, v8::Isolate* isolate) {
  std::vector<uint16_t> units(static_cast<size_t>(string->Length()));
  string->Write(isolate, units.data(), 0, string->Length(), v8::String::NO_NULL_TERMINATION);
  size_t end = units.size();
  while (end > 0 && (units[end - 1] == ' ' || units[end - 1] == '\t' || units[end - 1] == '\n')) --end;
  return end;
}

// Why and where `source` is no script, or module; false if it is one.
struct SyntaxError {
  std::string message;
  int start = 0;
  int end = 0;
};
bool HasSyntaxError(v8::Local<v8::Context> context, v8::Local<v8::String> source, bool module, SyntaxError& error) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::TryCatch caught(isolate);
  const v8::ScriptOrigin origin(isolate, v8::String::Empty(isolate), 0, 0, false, -1, v8::Local<v8::Value>(), false,
                                false, module);
  v8::ScriptCompiler::Source text(source, origin);
  const bool compiled = module ? !v8::ScriptCompiler::CompileModule(isolate, &text).IsEmpty()
                               : !v8::ScriptCompiler::Compile(context, &text).IsEmpty();
  if (compiled || caught.Message().IsEmpty()) return false;
  error = {Utf8(isolate, caught.Message()->Get()), caught.Message()->GetStartPosition(),
           caught.Message()->GetEndPosition()};
  return true;
}

}  // namespace

class ReplEvaluator::Connection final : public v8_inspector::V8InspectorClient,
                                        public v8_inspector::V8Inspector::Channel {
 public:
  explicit Connection(v8::Local<v8::Context> context)
      : isolate_(context->GetIsolate()),
        context_(isolate_, context),
        inspector_(v8_inspector::V8Inspector::create(isolate_, this)) {
    const v8_inspector::V8ContextInfo info(context, kContextGroup, View("repl"));
    inspector_->contextCreated(info);
    session_ = binding::Connect(*inspector_, kContextGroup, this, View("{}"));
  }

  // Nothing is answered any more, and the context is let go.
  void Close() {
    const v8::HandleScope handles(isolate_);
    replies_.clear();
    session_.reset();
    inspector_->contextDestroyed(context_.Get(isolate_));
    context_.Reset();
  }

  using Reply = std::function<void(v8::Local<v8::Object> response)>;

  // Sends Runtime.METHOD; `parameters` is the inside of a JSON object.
  void Call(const char* method, const std::string& parameters, Reply reply) {
    const int id = ++last_id_;
    replies_[id] = std::move(reply);
    const std::string message =
        "{\"id\":" + std::to_string(id) + ",\"method\":\"Runtime." + method + "\",\"params\":{" + parameters + "}}";
    session_->dispatchProtocolMessage(View(message));
  }

  // A member of an object that JSON.parse made: its own, or empty.
  v8::Local<v8::Value> Member(v8::Local<v8::Value> object, const char* name) {
    const v8::Local<v8::Context> context = context_.Get(isolate_);
    const v8::Local<v8::String> key = binding::Ascii(isolate_, name);
    v8::Local<v8::Value> value;
    if (object.IsEmpty() || !object->IsObject() ||
        !object.As<v8::Object>()->HasOwnProperty(context, key).FromMaybe(false) ||
        !object.As<v8::Object>()->Get(context, key).ToLocal(&value)) {
      return {};
    }
    return value;
  }

  std::string Text(v8::Local<v8::Value> string) {
    return !string.IsEmpty() && string->IsString() ? Utf8(isolate_, string.As<v8::String>()) : "";
  }

  // The value that a protocol's RemoteObject stands for.
  v8::Local<v8::Value> Unwrap(v8::Local<v8::Value> remote) {
    const std::string id = Text(Member(remote, "objectId"));
    if (!id.empty()) {
      std::unique_ptr<v8_inspector::StringBuffer> error;
      v8::Local<v8::Value> value;
      v8::Local<v8::Context> context;
      if (session_->unwrapObject(&error, View(id), &value, &context, nullptr)) return value;
      return v8::Undefined(isolate_);
    }
    // Numbers and BigInts that JSON cannot say: "-0", "NaN", "Infinity", "10n".
    if (const std::string literal = Text(Member(remote, "unserializableValue")); !literal.empty()) {
      if (literal == "NaN") return v8::Number::New(isolate_, std::nan(""));
      v8::Local<v8::Value> value;
      v8::Local<v8::Script> script;
      v8::Local<v8::String> source;
      if (NewString(isolate_, literal).ToLocal(&source) &&
          v8::Script::Compile(context_.Get(isolate_), source).ToLocal(&script) &&
          script->Run(context_.Get(isolate_)).ToLocal(&value)) {
        return value;
      }
    }
    const v8::Local<v8::Value> value = Member(remote, "value");
    if (!value.IsEmpty()) return value;
    return v8::Undefined(isolate_);
  }

  void ReleaseObjects() { session_->releaseObjectGroup(View(kObjectGroup)); }
  void Forget() { replies_.clear(); }
  v8::Isolate* isolate() const { return isolate_; }

 private:
  void sendResponse(int id, std::unique_ptr<v8_inspector::StringBuffer> message) override {
    const auto found = replies_.find(id);
    if (found == replies_.end()) return;
    const Reply reply = std::move(found->second);
    replies_.erase(found);
    const v8::HandleScope handles(isolate_);
    const v8::Local<v8::Context> context = context_.Get(isolate_);
    const v8_inspector::StringView view = message->string();
    const int length = static_cast<int>(view.length());
    v8::Local<v8::String> json;
    v8::Local<v8::Value> response;
    const v8::MaybeLocal<v8::String> text =
        view.is8Bit() ? v8::String::NewFromUtf8(isolate_, reinterpret_cast<const char*>(view.characters8()),
                                                v8::NewStringType::kNormal, length)
                      : v8::String::NewFromTwoByte(isolate_, view.characters16(), v8::NewStringType::kNormal, length);
    if (text.ToLocal(&json) && v8::JSON::Parse(context, json).ToLocal(&response) && response->IsObject()) {
      reply(response.As<v8::Object>());
    }
  }
  void sendNotification(std::unique_ptr<v8_inspector::StringBuffer>) override {}
  void flushProtocolNotifications() override {}
  v8::Local<v8::Context> ensureDefaultContextInGroup(int) override { return context_.Get(isolate_); }

  v8::Isolate* isolate_;
  v8::Global<v8::Context> context_;
  std::unique_ptr<v8_inspector::V8Inspector> inspector_;
  std::unique_ptr<v8_inspector::V8InspectorSession> session_;
  std::map<int, Reply> replies_;
  int last_id_ = 0;
};

namespace {

// While one lives, the first promise that is made has a `then` of its own. That is the one of the code itself, which
// the inspector awaits: it would look up an author's Promise.prototype.then.
class UnpatchedThen {
 public:
  explicit UnpatchedThen(v8::Isolate* isolate) : isolate_(isolate) { isolate->SetPromiseHook(OnPromise); }
  UnpatchedThen(const UnpatchedThen&) = delete;
  UnpatchedThen& operator=(const UnpatchedThen&) = delete;
  ~UnpatchedThen() { isolate_->SetPromiseHook(nullptr); }

 private:
  static void OnPromise(v8::PromiseHookType type, v8::Local<v8::Promise> promise, v8::Local<v8::Value>) {
    if (type != v8::PromiseHookType::kInit) return;
    v8::Isolate* const isolate = promise->GetIsolate();
    isolate->SetPromiseHook(nullptr);
    const v8::Local<v8::Context> context = isolate->GetCurrentContext();
    const v8::Local<v8::Value> then = binding::IsolateData::Of(isolate)->utility_then();
    (void)promise->CreateDataProperty(context, binding::Ascii(isolate, "then"), then);
    // The species of what has none is %Promise%.
    (void)promise->CreateDataProperty(context, binding::Ascii(isolate, "constructor"), v8::Undefined(isolate));
  }

  v8::Isolate* const isolate_;
};

}  // namespace

ReplEvaluator::ReplEvaluator(Isolate& isolate, v8::Local<v8::Context> context)
    : connection_(std::make_shared<Connection>(context)) {
  isolate.KeepToTheEnd(connection_);
}

ReplEvaluator::~ReplEvaluator() { connection_->Close(); }

void ReplEvaluator::Evaluate(const std::string& code, Done done) {
  v8::Isolate* const isolate = connection_->isolate();
  v8::Local<v8::String> source;
  if (!NewString(isolate, code).ToLocal(&source)) return;
  const std::string parameters = "\"expression\":" + JsonString(isolate, source) +
                                 ",\"replMode\":true,\"silent\":true,\"objectGroup\":\"" + std::string(kObjectGroup) +
                                 "\"";
  const UnpatchedThen unpatched(isolate);
  connection_->Call("evaluate", parameters, [this, done = std::move(done)](v8::Local<v8::Object> response) {
    Connection& connection = *connection_;
    const v8::Local<v8::Value> result = connection.Member(response, "result");
    const v8::Local<v8::Value> details = connection.Member(result, "exceptionDetails");
    Result outcome;
    if (result.IsEmpty()) {
      outcome.failure = connection.Text(connection.Member(connection.Member(response, "error"), "message"));
      if (outcome.failure.empty()) outcome.failure = "it could not be evaluated";
    } else if (!details.IsEmpty()) {
      outcome.threw = true;
      outcome.value = connection.Unwrap(connection.Member(details, "exception"));
    } else {
      outcome.value = connection.Unwrap(connection.Member(result, "result"));
    }
    connection.ReleaseObjects();
    done(outcome);
  });
}

v8::MaybeLocal<v8::Value> ReplEvaluator::Variable(const std::string& name) {
  v8::Isolate* const isolate = connection_->isolate();
  v8::EscapableHandleScope handles(isolate);
  const v8::TryCatch caught(isolate);
  v8::Local<v8::String> source;
  if (!NewString(isolate, name).ToLocal(&source)) return {};
  v8::Global<v8::Value> value;
  const std::string parameters = "\"expression\":" + JsonString(isolate, source) +
                                 ",\"silent\":true,\"throwOnSideEffect\":true,\"objectGroup\":\"" +
                                 std::string(kObjectGroup) + "\"";
  connection_->Call("evaluate", parameters, [&](v8::Local<v8::Object> response) {
    const v8::Local<v8::Value> result = connection_->Member(response, "result");
    if (result.IsEmpty() || !connection_->Member(result, "exceptionDetails").IsEmpty()) return;
    value.Reset(isolate, connection_->Unwrap(connection_->Member(result, "result")));
  });
  connection_->ReleaseObjects();
  if (value.IsEmpty()) return {};
  return handles.Escape(value.Get(isolate));
}

std::vector<std::string> ReplEvaluator::DeclaredNames() {
  std::vector<std::string> names;
  connection_->Call("globalLexicalScopeNames", "", [&](v8::Local<v8::Object> response) {
    const v8::Local<v8::Value> list = connection_->Member(connection_->Member(response, "result"), "names");
    if (list.IsEmpty() || !list->IsArray()) return;
    const v8::Local<v8::Context> context = connection_->isolate()->GetCurrentContext();
    for (uint32_t i = 0; i < list.As<v8::Array>()->Length(); ++i) {
      v8::Local<v8::Value> name;
      if (list.As<v8::Array>()->Get(context, i).ToLocal(&name)) names.push_back(connection_->Text(name));
    }
  });
  return names;
}

void ReplEvaluator::Forget() { connection_->Forget(); }

bool IsIncomplete(v8::Local<v8::Context> context, const std::string& code) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::HandleScope handles(isolate);
  v8::Local<v8::String> source;
  const v8::TryCatch caught(isolate);
  if (!NewString(isolate, code).ToLocal(&source)) return false;
  const size_t end = EndOfText(source, isolate);
  // A script knows no top-level await, and a module is strict: what both of them find wrong at the end is not there
  // yet.
  for (const bool module : {false, true}) {
    SyntaxError error;
    if (!HasSyntaxError(context, source, module, error)) return false;
    if (error.message.find("Unterminated template") != std::string::npos) return true;
    // V8 places a missing bracket at what stands before it, and everything else where the text ends.
    const bool bracket = error.message.find("missing )") != std::string::npos;
    if (static_cast<size_t>(std::max(0, bracket ? error.end : error.start)) >= end) return true;
  }
  // V8 places an open comment where it begins.
  const size_t comment = code.rfind("/*");
  SyntaxError error;
  v8::Local<v8::String> closed;
  return comment != std::string::npos && code.find("*/", comment) == std::string::npos &&
         NewString(isolate, code + "*/").ToLocal(&closed) &&
         (!HasSyntaxError(context, closed, false, error) || IsIncomplete(context, code + "*/"));
}

bool IsObjectLiteral(v8::Local<v8::Context> context, const std::string& code) {
  v8::Isolate* const isolate = context->GetIsolate();
  const size_t first = code.find_first_not_of(" \t\n");
  const size_t last = code.find_last_not_of(" \t\n");
  if (first == std::string::npos || code[first] != '{' || code[last] == ';') return false;
  const v8::HandleScope handles(isolate);
  v8::Local<v8::String> source;
  SyntaxError error;
  return NewString(isolate, "(" + code + "\n)").ToLocal(&source) && !HasSyntaxError(context, source, false, error);
}

}  // namespace sluice::runtime

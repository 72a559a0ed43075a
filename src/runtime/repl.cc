#include "src/runtime/repl.h"

#include <absl/status/statusor.h>
#include <absl/strings/str_cat.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "src/runtime/exceptions.h"
#include "src/runtime/inspect.h"
#include "src/runtime/source_file.h"
#include "src/v8/web_idl.h"

namespace sluice::runtime {
namespace {

constexpr char kPrompt[] = "> ";
constexpr char kContinuation[] = "... ";
// A value that would scroll everything else away is cut.
constexpr size_t kLongestString = 10'000;

constexpr char kHelp[] =
    ".exit         leave; so does Ctrl-D\n"
    ".break        give up a statement of several lines; so does Ctrl-C\n"
    ".load FILE    run a file as if it were typed\n"
    ".save FILE    write what was typed to a file\n"
    ".help         this text\n"
    "_ is the last value. await works at the top level. let, const and class may be declared again.\n";

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  return first == std::string_view::npos ? "" : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// ".name" or ".name argument": no JavaScript begins so.
bool IsCommand(std::string_view line) {
  size_t end = 1;
  while (end < line.size() && std::isalpha(static_cast<unsigned char>(line[end])) != 0) ++end;
  return line.starts_with('.') && end > 1 && (end == line.size() || line[end] == ' ');
}

}  // namespace

Repl::Repl(Realm& realm, LineInput& input, Options options) : realm_(realm), input_(input), options_(options) {
  realm_.RunTask([this] { evaluator_ = std::make_unique<ReplEvaluator>(realm_.isolate(), realm_.context()); });
  uv_async_init(realm_.loop().get(), &interrupted_,
                [](uv_async_t* async) { static_cast<Repl*>(async->data)->OnInterrupt(); });
  interrupted_.data = this;
  // A person may still press Ctrl-C when nothing else can happen; a pipe cannot.
  if (!options_.interactive) uv_unref(reinterpret_cast<uv_handle_t*>(&interrupted_));
}

Repl::~Repl() {
  realm_.loop().Close(interrupted_);
  last_.Reset();
  const v8::Isolate::Scope entered(realm_.isolate().get());
  evaluator_.reset();
}

int Repl::Run() {
  input_.Start({.line = [this](const std::string& line) { OnLine(line); },
                .end =
                    [this] {
                      // A statement that never became complete is told what it lacks.
                      if (!pending_.empty()) Evaluate(std::exchange(pending_, {}));
                      finished_ = true;
                    }});
  PromptNext();
  while (!finished_ && !realm_.ended()) {
    realm_.RunLoop([this] { return !finished_; });
    if (finished_ || realm_.ended()) break;
    // Nothing will happen any more, and what the last line awaits neither.
    Print("Nothing is left to do, and this still waits.\n");
    evaluating_ = false;
    evaluator_->Forget();
    PromptNext();
  }
  // What a script from a pipe has begun is brought to its end, as `sluice run` does.
  if (!options_.interactive && !realm_.ended()) realm_.RunLoop();
  return realm_.exit_code();
}

void Repl::Interrupt() {
  if (!realm_.Interrupt()) uv_async_send(&interrupted_);
}

void Repl::OnInterrupt() {
  if (evaluating_) {
    evaluating_ = false;
    evaluator_->Forget();
    Print("Interrupted: what it awaited is no longer waited for.\n");
    return PromptNext();
  }
  pending_.clear();
  input_.Cancel();
}

void Repl::PromptNext() {
  if (!finished_ && !realm_.ended()) input_.Prompt(pending_.empty() ? kPrompt : kContinuation);
}

void Repl::OnLine(const std::string& line) {
  if (Trim(line).empty() && pending_.empty()) return PromptNext();
  input_.Remember(line);
  if (IsCommand(Trim(line)) && RunCommand(std::string(Trim(line)))) {
    if (!evaluating_) PromptNext();
    return;
  }
  if (!pending_.empty()) pending_ += '\n';
  pending_ += line;
  bool incomplete = false;
  realm_.RunTask([&] { incomplete = IsIncomplete(realm_.context(), pending_); });
  if (incomplete) return PromptNext();
  Evaluate(std::exchange(pending_, {}));
}

bool Repl::RunCommand(const std::string& line) {
  const std::string name = line.substr(0, line.find(' '));
  const std::string argument(Trim(std::string_view(line).substr(name.size())));
  if (name == ".break") {
    pending_.clear();
    return true;
  }
  // A chain of method calls may go on in the next line: "\n.then(f)".
  if (!pending_.empty()) return false;
  if (name == ".exit") {
    finished_ = true;
  } else if (name == ".help") {
    Print(kHelp);
  } else if ((name == ".load" || name == ".save") && argument.empty()) {
    Print(absl::StrCat(name, ": name a file\n"));
  } else if (name == ".load") {
    Load(argument);
  } else if (name == ".save") {
    Save(argument);
  } else {
    Print(absl::StrCat(name, " is no command; .help lists them\n"));
  }
  return true;
}

void Repl::Load(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadSource(path);
  if (!text.ok()) return Print(absl::StrCat(".load: ", text.status().message(), "\n"));
  Evaluate(*text);
}

void Repl::Save(const std::string& path) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  bool good = file != nullptr;
  for (const std::string& code : accepted_) good = good && std::fprintf(file, "%s\n", code.c_str()) >= 0;
  if (file != nullptr) good = (std::fclose(file) == 0) && good;
  Print(good ? absl::StrCat("Saved ", path, "\n") : absl::StrCat(".save: ", path, ": ", std::strerror(errno), "\n"));
}

void Repl::Evaluate(const std::string& code) {
  evaluating_ = true;
  accepted_.push_back(code);
  // Shared with a callback that may come long after this function has returned.
  const auto here = std::make_shared<bool>(true);
  realm_.RunTask([&] {
    const bool literal = IsObjectLiteral(realm_.context(), code);
    evaluator_->Evaluate(literal ? "(" + code + "\n)" : code, [this, here](const ReplEvaluator::Result& result) {
      evaluating_ = false;
      PrintResult(result);
      if (!*here) PromptNext();
    });
  });
  *here = false;
  // It may have been terminated, or await something.
  if (evaluating_ && realm_.interrupted()) {
    evaluating_ = false;
    evaluator_->Forget();
  }
  if (!evaluating_) PromptNext();
}

Completion Repl::CompleteLine(std::string_view line) {
  Completion completion;
  realm_.RunTask([&] { completion = Complete(realm_.context(), *evaluator_, line); });
  return completion;
}

void Repl::PrintResult(const ReplEvaluator::Result& result) {
  const v8::Local<v8::Context> context = realm_.context();
  if (!result.failure.empty()) return Print(absl::StrCat("Uncaught: ", result.failure, "\n"));
  if (result.threw) return realm_.ReportException(context, result.value, v8::Local<v8::Message>());
  Print(Inspect(context, result.value, {.max_string = kLongestString}) + "\n");
  RememberValue(result.value);
}

void Repl::RememberValue(v8::Local<v8::Value> value) {
  v8::Isolate* const isolate = realm_.isolate().get();
  const v8::Local<v8::Context> context = realm_.context();
  const v8::Local<v8::String> name = binding::Ascii(isolate, "_");
  const v8::TryCatch caught(isolate);
  if (value->IsUndefined()) return;
  v8::Local<v8::Value> current;
  // A script that has a `_` of its own keeps it.
  const bool exists = context->Global()->HasRealNamedProperty(context, name).FromMaybe(true);
  if (exists && (last_.IsEmpty() || !context->Global()->GetRealNamedProperty(context, name).ToLocal(&current) ||
                 !current->SameValue(last_.Get(isolate)))) {
    return;
  }
  if (context->Global()->DefineOwnProperty(context, name, value, v8::DontEnum).FromMaybe(false)) {
    last_.Reset(isolate, value);
  }
}

}  // namespace sluice::runtime

// Somebody else's program, outside of the checkout: an isolate of its own, a stream with a limit, and a script that
// writes to it.
#include <libplatform/libplatform.h>
#include <sluice/v8/globals.h>
#include <sluice/v8/isolate_data.h>
#include <v8.h>

#include <cstdio>
#include <memory>

constexpr char kScript[] = R"(
let text = "";
const stream = new WritableStream({ write(chunk) { text += chunk; } });
const writer = stream.getWriter();
writer.write("a chunk");
writer.write("x".repeat(100)).catch((error) => { text += ", then a " + error.name; });
writer.close().then(() => { text += ", then closed"; });
)";

int main() {
  const std::unique_ptr<v8::Platform> platform = v8::platform::NewDefaultPlatform();
  v8::V8::InitializePlatform(platform.get());
  v8::V8::Initialize();
  v8::Isolate::CreateParams params;
  const std::unique_ptr<v8::ArrayBuffer::Allocator> allocator(v8::ArrayBuffer::Allocator::NewDefaultAllocator());
  params.array_buffer_allocator = allocator.get();
  v8::Isolate* const isolate = v8::Isolate::New(params);
  {
    const v8::Isolate::Scope in_isolate(isolate);
    const v8::HandleScope handles(isolate);
    sluice::binding::IsolateData data(isolate, {.stream = {.byte_limit = 64}});
    {
      const v8::Local<v8::Context> context = sluice::binding::NewContext(isolate).ToLocalChecked();
      const v8::Context::Scope in_context(context);
      const auto run = [&](const char* text) {
        const auto source = v8::String::NewFromUtf8(isolate, text).ToLocalChecked();
        return v8::Script::Compile(context, source).ToLocalChecked()->Run(context).ToLocalChecked();
      };
      run(kScript);
      isolate->PerformMicrotaskCheckpoint();
      std::printf("%s\n", *v8::String::Utf8Value(isolate, run("text")));
    }
  }
  isolate->Dispose();
}

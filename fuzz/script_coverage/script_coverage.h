// Which blocks of src/v8/js/writable_stream.js run, counted by V8 itself (its inspector's precise coverage), because no
// compiler instruments them.
//
//   binding::ShowScriptsToProfilers();       // before the first context of the process
//   SurfaceWorld world;
//   ScriptCoverage coverage(world.isolate().get());
//   world.Run(...);
//   ScriptCounts counts;
//   coverage.AddTo(counts);
//   for (const ScriptRange& range : counts.Unreached()) ...
#ifndef SLUICE_FUZZ_SCRIPT_COVERAGE_SCRIPT_COVERAGE_H_
#define SLUICE_FUZZ_SCRIPT_COVERAGE_SCRIPT_COVERAGE_H_

#include <v8-inspector.h>
#include <v8.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sluice::fuzz {

// Lines of js/writable_stream.js, from 1.
struct ScriptRange {
  std::string function;  // the innermost one with a name; "" outside of all
  bool whole = false;    // the function itself, not a block of it
  int first = 0;
  int last = 0;
};

// Of one isolate or several. In each realm the script is another script for V8; a block runs if it does in one of them.
class ScriptCounts {
 public:
  ScriptCounts();

  // The answer to Profiler.takePreciseCoverage.
  void Add(v8::Local<v8::Context> context, v8::Local<v8::Object> answer);
  // Functions that never ran, and blocks of others; not what is inside of those.
  std::vector<ScriptRange> Unreached() const;
  // Lines with code, and those of them where something ran.
  struct Lines {
    int all = 0;
    int reached = 0;
  };
  Lines CountLines() const;

 private:
  struct Function {
    std::string name;
    size_t begin = 0;
    size_t end = 0;
  };
  size_t begin_ = 0;  // where the text of our file begins in `text_`
  size_t end_ = 0;
  std::string text_;
  std::vector<bool> reached_;  // by offset
  std::vector<Function> functions_;
};

class ScriptCoverage final : private v8_inspector::V8InspectorClient, private v8_inspector::V8Inspector::Channel {
 public:
  // Counts from now on. The isolate outlives it, and has one at most, before its first realm: V8 counts no blocks of
  // what it compiled without it.
  explicit ScriptCoverage(v8::Isolate* isolate);
  ~ScriptCoverage() override;

  // What has been counted since the last time.
  void AddTo(ScriptCounts& counts);

 private:
  void Send(const char* method, const char* parameters);
  void sendResponse(int call, std::unique_ptr<v8_inspector::StringBuffer> message) override;
  void sendNotification(std::unique_ptr<v8_inspector::StringBuffer>) override {}
  void flushProtocolNotifications() override {}

  v8::Isolate* isolate_;
  std::unique_ptr<v8_inspector::V8Inspector> inspector_;
  std::unique_ptr<v8_inspector::V8InspectorSession> session_;
  std::unique_ptr<v8_inspector::StringBuffer> answer_;
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SCRIPT_COVERAGE_SCRIPT_COVERAGE_H_

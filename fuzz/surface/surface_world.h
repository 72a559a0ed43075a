// Runs surface programs: an isolate with the realms A and B, whose streams are those of src/v8 or of reference.js, and
// a realm that no author can reach for author.js.
//
//   SurfaceWorld world;
//   const std::vector<std::string> log = world.Run(SurfaceStatements(text), SurfaceSide::kReal);
//
// Making a realm takes ten times as long as a program, so a pair of realms is used for many runs, and what a program
// patched is put back (author.js). RunAlone() makes the realms anew: the log is the same.
#ifndef SLUICE_FUZZ_SURFACE_SURFACE_WORLD_H_
#define SLUICE_FUZZ_SURFACE_SURFACE_WORLD_H_

#include <v8.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/runtime/isolate.h"

namespace sluice::fuzz {

enum class SurfaceSide : uint8_t { kReal, kReference };

using SurfaceLog = std::vector<std::string>;

// What goes wrong around a program, at a point of its run.
enum class LifetimeFault : uint8_t {
  kCollect,           // all garbage is collected at the nth line of the log: in an author's function, or beside one
  kTerminate,         // execution is terminated there
  kTerminatePromise,  // at the nth event of a promise (made, resolved, before and after a reaction): in the middle of
                      // an operation
  kDetach,            // both realms are detached before the nth reaction
  kDispose,           // the run ends at the nth line, with everything pending, and its isolate is disposed of
};
inline constexpr int kLifetimeFaults = 5;

struct LifetimePoint {
  LifetimeFault fault = LifetimeFault::kCollect;
  uint64_t at = 0;      // from 1; 0: nowhere
  bool sticky = false;  // from there on each time
};

class SurfaceWorld final : private binding::Embedder {
 public:
  SurfaceWorld();
  ~SurfaceWorld() override;

  // What can be seen, in order. Tests give as `fault` statements that run in both realms before the program.
  SurfaceLog Run(const std::vector<std::string>& statements, SurfaceSide side, std::string_view fault = "");
  SurfaceLog RunAlone(const std::vector<std::string>& statements, SurfaceSide side, std::string_view fault = "");
  // The same with a fault. `fired`: whether the run came to the point. The things that the program made are used once
  // more after it.
  SurfaceLog RunWithFault(const std::vector<std::string>& statements, SurfaceSide side, const LifetimePoint& point,
                          bool& fired, std::string_view fault = "");
  // Collects garbage. What lives of the streams, their writers, signals and memory, though no program runs; "" if
  // nothing does.
  std::string WhatLives();
  // The properties of the interfaces of a fresh realm that are not as the table has them; "" if there are none.
  std::string ShapeFaults(std::string_view fault = "");
  const binding::LiveObjects& live() { return isolate_.data().live(); }
  runtime::Isolate& isolate() { return isolate_; }

  static constexpr uint64_t kByteLimit = 1000;

 private:
  using Info = v8::FunctionCallbackInfo<v8::Value>;
  // A and B.
  struct Pair {
    v8::Global<v8::Context> contexts[2];
    v8::Global<v8::Object> realms;  // for author.js
    std::string fault;
    int runs = 0;
  };
  static constexpr int kRunsPerPair = 200;
  static SurfaceWorld& Of(v8::Isolate* isolate) { return *static_cast<SurfaceWorld*>(isolate->GetData(1)); }

  int64_t PostDelayedTask(double milliseconds, std::function<void()> task) override;
  void CancelDelayedTask(int64_t) override {}
  void ReportException(v8::Local<v8::Context> context, v8::Local<v8::Value> exception,
                       v8::Local<v8::Message> message) override;
  static void OnRejection(v8::PromiseRejectMessage message);

  v8::Local<v8::Value> Evaluate(v8::Local<v8::Context> context, std::string_view source, const char* name);
  v8::MaybeLocal<v8::Value> Call(v8::Local<v8::Value> function, std::vector<v8::Local<v8::Value>> arguments);
  Pair& PairFor(SurfaceSide side, std::string_view fault);
  v8::Local<v8::Object> NewRealm(Pair& pair, int index);
  v8::Local<v8::Object> Natives();
  void RunProgram(Pair& pair, const std::vector<std::string>& statements);
  bool AfterTheEnd(v8::Local<v8::Value> tools);
  void Print(std::string line);
  // An event of the kind of `point_` has happened; whether the fault is to be done now.
  bool IsPoint(bool right_kind);
  static void OnPromiseEvent(v8::PromiseHookType type, v8::Local<v8::Promise> promise, v8::Local<v8::Value> parent);

  static runtime::IsolateOptions Options(SurfaceWorld* world);
  v8::Local<v8::Context> home() { return home_.Get(isolate_.get()); }

  runtime::Isolate isolate_;
  v8::Global<v8::Context> home_;  // author.js's and reference.js's
  v8::Global<v8::Value> author_;
  v8::Global<v8::Value> reference_;
  v8::Global<v8::Value> table_;
  v8::Global<v8::Object> natives_;
  Pair pairs_[2];
  bool shape_is_right_ = false;

  // Of the run.
  SurfaceLog* log_ = nullptr;
  v8::Global<v8::Object> tools_;  // what author.js returned
  Pair* running_ = nullptr;
  LifetimePoint point_;
  uint64_t events_ = 0;
  bool is_over_ = false;  // the log takes no more: execution was ended
};

}  // namespace sluice::fuzz

#endif  // SLUICE_FUZZ_SURFACE_SURFACE_WORLD_H_

// Throughput of the core under the simulated host, without oracles. scripts/bench runs it.
//
//   BM_QueuedWrites/N    N writes that are not awaited, then all microtasks: how it grows with N
//   BM_AwaitedWrites/N   each write drained before the next
//   BM_CreateWriteClose  a stream, a writer, one write, close
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "src/core/class_steps.h"
#include "src/sim/sim_host.h"

namespace sluice {
namespace {

// A sink that takes everything at once.
class NullSink : public sim::UserCode {
 public:
  sim::Outcome Call(sim::CallKind, sim::Value, uint32_t, uint32_t) override {
    ++calls;
    return {};
  }
  void Settled(uint32_t, bool, sim::Value) override {}
  void ReportException(sim::Value) override {}
  void UnhandledRejection(uint32_t, sim::Value) override {}
  int64_t calls = 0;
};

class Bench {
 public:
  Bench() {
    host.Reset(sink, chunks);
    host.ConstructStream({.sink = {.write = true, .close = true}, .strategy = {.highWaterMark = 16}});
    writer = host.NewWriter();
    core::ws::GetWriter(host, host.stream(0), writer).value();
    host.realm().RunAllMicrotasks();
  }
  void Write() {
    const core::ValueSlot chunk = host.Name(sim::Value::Of(sim::ValueKind::kChunk, 0));
    host.TakePromise(core::default_writer::Write(host, writer, chunk));
    host.Drop(chunk);
  }

  NullSink sink;
  std::vector<sim::Chunk> chunks{{.kind = sim::ChunkKind::kArrayBuffer, .count = 16}};
  sim::SimHost host;
  core::WriterSlot writer;
};

void BM_QueuedWrites(benchmark::State& state) {
  for (auto _ : state) {
    Bench bench;
    for (int64_t i = 0; i < state.range(0); ++i) bench.Write();
    bench.host.realm().RunAllMicrotasks();
    if (bench.sink.calls != state.range(0)) state.SkipWithError("not every write reached the sink");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_QueuedWrites)->RangeMultiplier(10)->Range(1000, 1'000'000)->Unit(benchmark::kMillisecond);

void BM_AwaitedWrites(benchmark::State& state) {
  for (auto _ : state) {
    Bench bench;
    for (int64_t i = 0; i < state.range(0); ++i) {
      bench.Write();
      bench.host.realm().RunAllMicrotasks();
    }
    if (bench.sink.calls != state.range(0)) state.SkipWithError("not every write reached the sink");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_AwaitedWrites)->Arg(100'000)->Unit(benchmark::kMillisecond);

void BM_CreateWriteClose(benchmark::State& state) {
  for (auto _ : state) {
    Bench bench;
    bench.Write();
    bench.host.TakePromise(core::default_writer::Close(bench.host, bench.writer));
    bench.host.realm().RunAllMicrotasks();
    if (bench.sink.calls != 2) state.SkipWithError("the write or the close did not reach the sink");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_CreateWriteClose);

}  // namespace
}  // namespace sluice

// The effects that the core has on JavaScript: the vocabulary that v8_host.cc writes and js/writable_stream.js reads.
//
// Each constant is in one list here; stream_extension.cc puts their values into the script.
//
// The channel `io` is an array of 32-bit integers that both sides see. A native function leaves in it
//   io[kCount]                    how many effects there are; JavaScript sets it to 0 when it has done them all
//   io[kIndex], io[kTickModel]    of a new stream or writer
//   io[kResult]                   a code (below), where the function itself returns a page
//   io[kFirstEffect + 2 i]        effect i, with the name of a value in the upper bits: effect | ref << 8
//   io[kFirstEffect + 2 i + 1]    how many times
// and returns a code, kind | ref << 8, or the promise that it made.
#ifndef SLUICE_V8_EFFECTS_H_
#define SLUICE_V8_EFFECTS_H_

namespace sluice::binding {

#define SLUICE_BINDING_CONSTANTS(V)                                                                                    \
  /* The channel */                                                                                                    \
  V(Count, 0)                                                                                                          \
  V(Index, 1)                                                                                                          \
  V(Result, 2)                                                                                                         \
  V(TickModel, 3)                                                                                                      \
  V(FirstEffect, 4)                                                                                                    \
  /* Names of values */                                                                                                \
  V(Undefined, 0)                                                                                                      \
  V(Argument, 1) /* of the method: a chunk, a reason, an error */                                                      \
  V(StoredError, 2)                                                                                                    \
  V(AbortReason, 3)                                                                                                    \
  V(Made, 4)   /* by kMakeTypeError or kMakeRangeError of the same operation */                                        \
  V(Thrown, 5) /* by size() */                                                                                         \
  V(Chunk, 6)  /* the first in the queue */                                                                            \
  /* Effects. The requests are those of write(), first in first out. */                                                \
  V(StoreWriteRequest, 1) /* the promise that this operation returns */                                                \
  V(StoreChunk, 2)        /* the argument, for the request that was stored last */                                     \
  V(ResolveWriteRequest, 3)                                                                                            \
  V(RejectWriteRequests, 4)                                                                                            \
  V(DropChunks, 5)                                                                                                     \
  V(StoreCloseRequest, 6)                                                                                              \
  V(ResolveCloseRequest, 7)                                                                                            \
  V(RejectCloseRequest, 8)                                                                                             \
  V(StoreAbortRequest, 9)                                                                                              \
  V(ResolveAbortRequest, 10)                                                                                           \
  V(RejectAbortRequest, 11)                                                                                            \
  V(StoreStoredError, 12)                                                                                              \
  V(DropStoredError, 13)                                                                                               \
  V(StoreAbortReason, 14)                                                                                              \
  V(DropAbortReason, 15)                                                                                               \
  V(SetSignalReason, 16)                                                                                               \
  V(NewReady, 17) /* of the stream's writer, as are those that follow */                                               \
  V(NewClosed, 18)                                                                                                     \
  V(ResolveReady, 19)                                                                                                  \
  V(ResolveClosed, 20)                                                                                                 \
  V(RejectReady, 21)                                                                                                   \
  V(RejectClosed, 22)                                                                                                  \
  V(MakeTypeError, 23)  /* ref: core::TypeErrorReason */                                                               \
  V(MakeRangeError, 24) /* ref: core::RangeErrorReason, or kByteLimitExceeded */                                       \
  V(ClearAlgorithms, 25)                                                                                               \
  V(ReactSoon, 26)   /* the sink's promise is fulfilled */                                                             \
  V(StoreWrite, 29)  /* kStoreWriteRequest and kStoreChunk, which are emitted together */                              \
  V(FinishWrite, 30) /* kResolveWriteRequest and kDropChunks */                                                        \
  V(CallStart, 27)   /* these two are always the last */                                                               \
  V(CallWrite, 28)                                                                                                     \
  /* Results */                                                                                                        \
  V(ReturnFresh, 1)        /* the promise that was stored */                                                           \
  V(ReturnResolved, 2)     /* a new one, resolved with undefined */                                                    \
  V(ReturnRejected, 3)     /* a new one, rejected with ref */                                                          \
  V(ReturnAbortRequest, 4) /* the one that an earlier abort() returned */                                              \
  V(Throw, 5)                                                                                                          \
  V(ReturnNumber, 6) /* facts[0] */                                                                                    \
  V(ReturnNull, 7)                                                                                                     \
  V(ReturnBroken, 8) /* ref: 1 if the stack is too small for the operation, 0 if the stream cannot be used any more */ \
  V(ThrowBroken, 9)                                                                                                    \
  /* Views of a writer's promise */                                                                                    \
  V(Pending, 0)                                                                                                        \
  V(Fulfilled, 1)                                                                                                      \
  V(Rejected, 2)                                                                                                       \
  /* What a new stream has */                                                                                          \
  V(HasStart, 1)                                                                                                       \
  V(HasWrite, 2)                                                                                                       \
  V(HasClose, 4)                                                                                                       \
  V(HasAbort, 8)                                                                                                       \
  V(HasType, 16)                                                                                                       \
  V(HasSize, 32)                                                                                                       \
  /* core::TickModel */                                                                                                \
  V(TickModelWebIdl, 0)                                                                                                \
  V(TickModelPromiseResolve, 1)                                                                                        \
  V(TickModelPromiseResolveStart, 2)                                                                                   \
  /* Interfaces, for StateInOtherRealm() */                                                                            \
  V(Stream, 0)                                                                                                         \
  V(Writer, 1)                                                                                                         \
  V(Controller, 2)                                                                                                     \
  V(ByteLengthStrategy, 3)                                                                                             \
  V(CountStrategy, 4)

namespace channel {
#define V(name, value) inline constexpr int k##name = value;
SLUICE_BINDING_CONSTANTS(V)
#undef V
// Beside core::RangeErrorReason.
inline constexpr int kByteLimitExceeded = 100;
inline constexpr int kTotalByteLimitExceeded = 101;
inline constexpr int kCapacity = 64;  // effects; like ones in a row count as one
}  // namespace channel

}  // namespace sluice::binding

#endif  // SLUICE_V8_EFFECTS_H_

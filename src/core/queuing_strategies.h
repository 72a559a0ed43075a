// Queuing strategies. https://streams.spec.whatwg.org/#qs
#ifndef SLUICE_CORE_QUEUING_STRATEGIES_H_
#define SLUICE_CORE_QUEUING_STRATEGIES_H_

#include <optional>

#include "src/core/completion.h"
#include "src/core/host.h"
#include "src/core/state.h"

namespace sluice::core {

// The members of a QueuingStrategy dictionary, after Web IDL's conversion.
struct QueuingStrategy {
  std::optional<double> highWaterMark;  // absent: the member does not exist
  bool has_size = false;                // strategy.size exists; the host performs it
};

// Throws a RangeError for NaN and for negative numbers. Infinity is allowed.
// https://streams.spec.whatwg.org/#validate-and-normalize-high-water-mark
Completion<double> ExtractHighWaterMark(Host& host, const QueuingStrategy& strategy, double defaultHWM);

// https://streams.spec.whatwg.org/#make-size-algorithm-from-size-function
Algorithm ExtractSizeAlgorithm(const QueuingStrategy& strategy);

// The size of any chunk by the count size function.
// https://streams.spec.whatwg.org/#count-queuing-strategy-size-function The byte length size function is an ordinary
// property access on the chunk, GetV(chunk, "byteLength"), which may run user code: it is the host's.
// https://streams.spec.whatwg.org/#byte-length-queuing-strategy-size-function
inline constexpr double kCountQueuingStrategySize = 1;

}  // namespace sluice::core

#endif  // SLUICE_CORE_QUEUING_STRATEGIES_H_

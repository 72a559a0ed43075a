#include "src/core/queuing_strategies.h"

#include <cmath>

#include "src/core/operation.h"

namespace sluice::core {

// https://streams.spec.whatwg.org/#validate-and-normalize-high-water-mark
Completion<double> ExtractHighWaterMark(Host& host, const QueuingStrategy& strategy, double defaultHWM) {
  const Operation operation("ExtractHighWaterMark");
  // 1. The member is missing.
  if (!strategy.highWaterMark.has_value()) return defaultHWM;
  // 2. The binding has converted it.
  const double highWaterMark = *strategy.highWaterMark;
  // 3. Infinity is allowed: no backpressure.
  if (std::isnan(highWaterMark) || highWaterMark < 0) {
    return Thrown{host.NewRangeError(RangeErrorReason::kInvalidHighWaterMark)};
  }
  // 4. Valid.
  return highWaterMark;
}

// https://streams.spec.whatwg.org/#make-size-algorithm-from-size-function
Algorithm ExtractSizeAlgorithm(const QueuingStrategy& strategy) {
  const Operation operation("ExtractSizeAlgorithm");
  // 1. Every chunk has size 1.
  if (!strategy.has_size) return Algorithm::kDefault;
  // 2, 2.1. The host invokes strategy["size"].
  return Algorithm::kHost;
}

}  // namespace sluice::core

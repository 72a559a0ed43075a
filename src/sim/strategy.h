// The queuing strategy of a stream: user-defined or built in.
#ifndef SLUICE_SIM_STRATEGY_H_
#define SLUICE_SIM_STRATEGY_H_

#include <cstdint>

namespace sluice::sim {

enum class Strategy : uint8_t {
  kAuthor,      // the author's: {highWaterMark, size}, either of which may be absent
  kCount,       // a CountQueuingStrategy. https://streams.spec.whatwg.org/#cqs-class
  kByteLength,  // a ByteLengthQueuingStrategy. https://streams.spec.whatwg.org/#blqs-class
};
inline constexpr int kStrategyCount = 3;

}  // namespace sluice::sim

#endif  // SLUICE_SIM_STRATEGY_H_

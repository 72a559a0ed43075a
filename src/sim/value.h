// JavaScript values as far as a program over WritableStream can tell them apart.
//
// A Value is plain data. `id` is an identity: two values of the same kind with different ids are different objects. Ids
// of promises, errors and writers are issued by the implementation that makes them and mean nothing outside it.
#ifndef SLUICE_SIM_VALUE_H_
#define SLUICE_SIM_VALUE_H_

#include <bit>
#include <cstdint>

namespace sluice::sim {

enum class ValueKind : uint8_t {
  kUndefined,
  kNull,
  kNumber,      // `number`
  kBoolean,     // id is 0 or 1
  kChunk,       // id: index into the program's chunk table
  kReason,      // id: one of the program's reasons, r0 ...
  kTypeError,   // an error made by the implementation; id issued by it
  kRangeError,  // likewise
  kAbortError,  // a DOMException named "AbortError", made by the implementation
  kPromise,     // id issued by the implementation
  kThenable,    // an object with a `then` getter; id issued by the driver
  kWriter,      // a WritableStreamDefaultWriter; id issued by the implementation
};

struct Value {
  ValueKind kind = ValueKind::kUndefined;
  uint32_t id = 0;
  double number = 0;

  static Value Undefined() { return {}; }
  static Value Null() { return {ValueKind::kNull, 0, 0}; }
  static Value Number(double number) { return {ValueKind::kNumber, 0, number}; }
  static Value Boolean(bool b) { return {ValueKind::kBoolean, b ? 1u : 0u, 0}; }
  static Value Of(ValueKind kind, uint32_t id) { return {kind, id, 0}; }

  // SameValue: NaN is NaN, and -0 is not 0. https://tc39.es/ecma262/#sec-samevalue
  friend bool operator==(const Value& a, const Value& b) {
    return a.kind == b.kind && a.id == b.id &&
           (std::bit_cast<uint64_t>(a.number) == std::bit_cast<uint64_t>(b.number) ||
            (a.number != a.number && b.number != b.number));
  }
};

// A completion record: a value, or a thrown value.
struct Outcome {
  bool thrown = false;
  Value value;

  static Outcome Return(Value value) { return {false, value}; }
  static Outcome Throw(Value value) { return {true, value}; }
};

}  // namespace sluice::sim

#endif  // SLUICE_SIM_VALUE_H_

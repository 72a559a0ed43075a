// Completion records: a value, or a thrown value. Exceptions of the standard travel in these, never as C++ exceptions.
//
// The standard's two ways to use one look different in the code:
//   SLUICE_TRY(writer, AcquireWritableStreamDefaultWriter(host, stream, slot));   // "?": returns a thrown value
//   const double mark = Must(ExtractHighWaterMark(host, {}, 1));                  // "!": cannot throw here
#ifndef SLUICE_CORE_COMPLETION_H_
#define SLUICE_CORE_COMPLETION_H_

#include <utility>
#include <variant>

#include "src/core/check.h"
#include "src/core/slots.h"

namespace sluice::core {

struct Thrown {
  ValueSlot value;  // owned by whoever receives it (see host.h, "Ownership")
};

template <typename T = std::monostate>
class [[nodiscard]] Completion {
 public:
  Completion(T value) : value_(std::move(value)) {}                 // NOLINT(google-explicit-constructor)
  Completion(Thrown thrown) : thrown_(thrown), is_thrown_(true) {}  // NOLINT(google-explicit-constructor)

  bool is_thrown() const { return is_thrown_; }
  Thrown thrown() const { return thrown_; }
  const T& value() const { return value_; }

 private:
  T value_{};
  Thrown thrown_{};
  bool is_thrown_ = false;
};

inline Completion<> NormalCompletion() { return std::monostate{}; }

template <typename T>
T Must(const Completion<T>& completion) {
  SLUICE_ASSERT(!completion.is_thrown(), "Must", "an operation that cannot throw threw");
  return completion.value();
}

#define SLUICE_TRY(variable, expression)                                        \
  auto variable##_completion = (expression);                                    \
  if (variable##_completion.is_thrown()) return variable##_completion.thrown(); \
  [[maybe_unused]] auto variable = variable##_completion.value()

}  // namespace sluice::core

#endif  // SLUICE_CORE_COMPLETION_H_

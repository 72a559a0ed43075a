// A scope for each operation, method and reaction of the standard, so that a recorder can follow what the core does.
//
//   void WritableStreamAbort(...) {
//     const Operation operation("WritableStreamAbort");
//
// The reference model has the same scopes with the same names, and fuzz/oracle/divergence.h compares the two. Compiled
// to nothing unless SLUICE_RECORD_OPERATIONS is 1, as in builds with a sanitizer or a fuzzing engine
// (cmake/sanitizers.cmake).
#ifndef SLUICE_CORE_OPERATION_H_
#define SLUICE_CORE_OPERATION_H_

namespace sluice::core {

class OperationObserver {
 public:
  virtual ~OperationObserver() = default;
  // An operation begins or ends. `name` lives for ever, and is the same text for the same operation.
  virtual void OnOperation(const char* name, bool begins) = 0;
};

#if SLUICE_RECORD_OPERATIONS

// Null, except while a run is recorded. It may only be set while nothing else runs the core.
inline constinit OperationObserver* g_operation_observer = nullptr;

class [[nodiscard]] Operation {
 public:
  explicit Operation(const char* name) : name_(name) {
    if (g_operation_observer != nullptr) [[unlikely]]
      g_operation_observer->OnOperation(name_, true);
  }
  ~Operation() {
    if (g_operation_observer != nullptr) [[unlikely]]
      g_operation_observer->OnOperation(name_, false);
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

 private:
  const char* const name_;
};

#else

class [[maybe_unused]] Operation {
 public:
  explicit constexpr Operation(const char*) {}
};

#endif

}  // namespace sluice::core

#endif  // SLUICE_CORE_OPERATION_H_

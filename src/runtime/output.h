// A file descriptor that lines are written to: at once, whole, and in order with what others write to the same file.
#ifndef SLUICE_RUNTIME_OUTPUT_H_
#define SLUICE_RUNTIME_OUTPUT_H_

#include <functional>
#include <string_view>

namespace sluice::runtime {

// Where console and reports go.
using TextOutput = std::function<void(std::string_view)>;

class Output {
 public:
  explicit Output(int file) : file_(file) {}
  // Writes all of `text`, waiting for a slow reader. Does nothing once writing has failed.
  void Write(std::string_view text);
  // errno of the write that failed; 0: none did. EPIPE means that the reader has gone.
  int error() const { return error_; }

 private:
  int file_;
  int error_ = 0;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_OUTPUT_H_

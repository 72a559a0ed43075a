// Lines on their way to a file descriptor whose reader may stand still. Nobody waits for it: what does not fit into the
// buffer is dropped and counted, and the count is written where the lines are missing.
//
//   LogWriter log(STDERR_FILENO);
//   log.Write("...\n");                        // any thread; at once
//   log.Finish(std::chrono::seconds(1));       // what is buffered is written, if the reader takes it
#ifndef SLUICE_RUNTIME_SERVER_LOG_WRITER_H_
#define SLUICE_RUNTIME_SERVER_LOG_WRITER_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

namespace sluice::runtime {

class LogWriter {
 public:
  static constexpr size_t kBuffer = size_t{4} << 20;  // bytes

  explicit LogWriter(int file);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  // Whatever the reader does, this returns.
  ~LogWriter();

  // `text` is one or more whole lines.
  void Write(std::string_view text);
  // Returns when all is written, or nothing was taken for `patience`.
  void Finish(std::chrono::milliseconds patience);

 private:
  struct State;
  static void Main(State& state);
  // Shared with the writing thread, which may have to be left behind.
  std::shared_ptr<State> state_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_LOG_WRITER_H_

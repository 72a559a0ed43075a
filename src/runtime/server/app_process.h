// The server's side of one process of an app: it is started, given frames, killed if it must be, and reaped.
//
//   std::shared_ptr<AppProcess> process = AppProcess::Start(io, command, configuration, observer);
//   process->Send({.text = EncodeFrame(...)});
//   process->Kill();             // or Close(): it stops by itself
//   observer.OnEnd(...)          // once, whatever ended it
//
// The process is this program again (ServerOptions::app_command), with a socket to the server as its third descriptor
// and none of the server's own. It cannot outlive the server: the system kills it with its parent. All on one thread,
// which lives as long as the process: the system takes the end of that thread for the parent's.
#ifndef SLUICE_RUNTIME_SERVER_APP_PROCESS_H_
#define SLUICE_RUNTIME_SERVER_APP_PROCESS_H_

#include <sys/types.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/runtime/server/exchange.h"
#include "src/runtime/server/frames.h"

namespace sluice::runtime {

// How a process ended.
struct ProcessEnd {
  bool exited = false;
  int code = 0;  // its exit code, or the signal's number
};

class ProcessObserver : public FrameHandler {
 public:
  // A line that the process, or V8 in it, wrote to its standard output or error itself.
  virtual void OnDiagnostic(std::string_view line) = 0;
  // It sent what is no frame, or what the handler refused; it is killed.
  virtual void OnNonsense() = 0;
  // The last call.
  virtual void OnEnd(const ProcessEnd& end) = 0;
};

class AppProcess : public std::enable_shared_from_this<AppProcess> {
 public:
  // A frame, with the body of the exchange's request after it, if there is one.
  struct Outgoing {
    std::string text;
    std::shared_ptr<Exchange> exchange;
  };

  // Null if the system has no process for us; `problem` is then why. The observer outlives the process.
  static std::shared_ptr<AppProcess> Start(boost::asio::io_context& io, const std::vector<std::string>& command,
                                           const std::string& name, ProcessObserver& observer, std::string& problem);
  AppProcess(boost::asio::io_context& io, ProcessObserver& observer);
  AppProcess(const AppProcess&) = delete;
  AppProcess& operator=(const AppProcess&) = delete;

  // Soon: together with what else is sent in this turn of the loop. A process that waits for work is sent it now.
  enum class When : uint8_t { kNow, kSoon };
  void Send(Outgoing frame, When when = When::kNow);
  // Takes the exchange's request back, if none of it was sent yet.
  bool TakeBack(const Exchange& exchange);
  // All requests of which nothing was sent yet.
  std::vector<std::shared_ptr<Exchange>> TakeAllBack();
  // It is to stop by itself.
  void Close();
  void Kill();

  pid_t id() const { return id_; }
  // Whether anything came from it since this was asked last.
  bool WasHeard() { return std::exchange(heard_, false); }
  // What it has in memory that is its own, in bytes; 0 if that cannot be known.
  uint64_t OwnMemory() const { return id_ > 0 ? OwnMemoryOf(id_) : 0; }
  static uint64_t OwnMemoryOf(pid_t id);

 private:
  using Error = boost::system::error_code;
  bool Spawn(const std::vector<std::string>& command, const std::string& name, std::string& problem);
  void Read();
  void ReadDiagnostics();
  void TakeDiagnostics(size_t size);
  void Write();
  size_t WriteOnce(Error& error);
  void Sent(size_t size);
  void End();

  boost::asio::local::stream_protocol::socket socket_;
  boost::asio::posix::stream_descriptor diagnostics_;
  ProcessObserver& observer_;
  FrameReader reader_;
  pid_t id_ = -1;
  bool heard_ = false;
  bool writing_ = false;
  bool will_write_ = false;  // at the end of this turn
  bool closing_ = false;
  bool ended_ = false;
  std::deque<Outgoing> queue_;
  size_t sent_ = 0;  // bytes of the queue's first frame
  std::array<char, 64 * 1024> buffer_;
  std::array<char, 4096> line_buffer_;
  std::string line_;
};

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_SERVER_APP_PROCESS_H_

#include "src/runtime/server/server.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include "src/runtime/server/app.h"
#include "src/runtime/server/ascii.h"
#include "src/runtime/server/io_thread.h"
#include "src/runtime/server/router.h"
#include "src/runtime/server/status.h"

namespace sluice::runtime {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

// No file descriptor is left: those that wait are accepted later.
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr int kSignalExit = 128;
constexpr int kExitCannotStart = 2;

// A connection reads what any app takes, until it is known whose it is.
ServerOptions WithBodyLimit(ServerOptions options, const Configuration& configuration) {
  options.http.body_bytes = 0;
  for (const AppConfiguration& app : configuration.apps) {
    options.http.body_bytes = std::max(options.http.body_bytes, app.max_body_bytes);
  }
  return options;
}

}  // namespace

struct Server::State {
  State(Configuration what, ServerOptions how, std::function<void(const std::string&)> then)
      : configuration(std::move(what)),
        options(WithBodyLimit(std::move(how), configuration)),
        listening(std::move(then)),
        router(configuration.apps),
        budget(configuration.max_in_flight_bytes) {
    for (const AppConfiguration& app : configuration.apps) {
      apps.push_back(std::make_unique<App>(app, options, budget, [this, name = app.name](std::string_view text) {
        options.log(Concat("app '", name, "': ", text));
      }));
    }
  }

  bool Bind();
  void LoadApps();
  void OnLoaded(bool good);
  void Listen();
  void Accept();
  void Adopt(tcp::socket socket, size_t thread);
  void AcceptAllThatWait();
  void Stop();
  void StopApps();
  void Finish();
  void AwaitSignal();
  // A callback for other threads that runs `then` on this one.
  auto Here(void (State::*then)()) {
    return [this, then] { asio::post(io, [this, then] { (this->*then)(); }); };
  }

  const Configuration configuration;
  const ServerOptions options;
  const std::function<void(const std::string&)> listening;
  const Router router;
  Budget budget;
  std::atomic<uint32_t> connections = 0;
  asio::io_context io{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  tcp::acceptor acceptor{io};
  asio::steady_timer pause{io};
  asio::signal_set signals{io};
  std::unique_ptr<ServerContext> context;
  std::vector<std::unique_ptr<IoThread>> threads;
  std::vector<std::unique_ptr<App>> apps;  // their timers are in the threads' contexts
  size_t to_load = 0;
  size_t to_drain = 0;
  size_t to_stop = 0;
  size_t next_thread = 0;
  bool failed = false;
  bool accepting = false;
  bool stopping = false;
};

bool Server::State::Bind() {
  Error error;
  const auto address = asio::ip::make_address(configuration.address, error);
  const tcp::endpoint wanted(address, configuration.port);
  if (!error) acceptor.open(wanted.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.non_blocking(true, error);
  if (!error) acceptor.bind(wanted, error);
  // Whether the port is free is known to Linux only now; whoever connects waits until the apps are loaded.
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    options.log(Concat("cannot listen on ", configuration.address, " port ", configuration.port, ": ",
                       error == asio::error::address_in_use ? "another process does" : error.message(), "\n"));
    return false;
  }
  return true;
}

void Server::State::LoadApps() {
  for (int i = 0; i < configuration.threads; ++i) threads.push_back(std::make_unique<IoThread>(*context));
  for (const auto& thread : threads) thread->Start();
  to_load = apps.size();
  for (size_t i = 0; i < apps.size(); ++i) {
    apps[i]->Start(threads[i % threads.size()]->io(),
                   [this](bool good) { asio::post(io, [this, good] { OnLoaded(good); }); });
  }
}

void Server::State::OnLoaded(bool good) {
  failed = failed || !good;
  if (--to_load != 0 || stopping) return;
  failed ? Stop() : Listen();
}

void Server::State::Listen() {
  const tcp::endpoint endpoint = acceptor.local_endpoint();
  const std::string host =
      endpoint.address().is_v6() ? Concat("[", endpoint.address().to_string(), "]") : endpoint.address().to_string();
  context->own_authority = Concat(host, ":", endpoint.port());
  accepting = true;
  Accept();
  listening(Concat("http://", context->own_authority));
}

void Server::State::Accept() {
  const size_t thread = next_thread++ % threads.size();
  acceptor.async_accept(threads[thread]->io(), [this, thread](const Error& error, tcp::socket socket) {
    if (stopping || error == asio::error::operation_aborted) return;
    if (!error) {
      threads[thread]->Adopt(std::move(socket));
      return Accept();
    }
    if (error == asio::error::connection_aborted) return Accept();
    options.log(Concat("cannot accept a connection: ", error.message(), "\n"));
    pause.expires_after(kAcceptPause);
    pause.async_wait([this](const Error& cancelled) {
      if (!cancelled && !stopping) Accept();
    });
  });
}

// They connected before the server began to end.
void Server::State::AcceptAllThatWait() {
  for (;;) {
    IoThread& thread = *threads[next_thread++ % threads.size()];
    Error error;
    tcp::socket socket = acceptor.accept(thread.io(), error);
    if (error) return;
    thread.Adopt(std::move(socket));
  }
}

// First connections, then apps, then threads: each needs the next until its own end.
void Server::State::Stop() {
  if (std::exchange(stopping, true)) return;
  if (accepting) AcceptAllThatWait();
  Error ignored;
  acceptor.close(ignored);
  pause.cancel();
  to_drain = threads.size();
  for (const auto& thread : threads) thread->Drain(Here(&State::StopApps));
}

void Server::State::StopApps() {
  if (--to_drain != 0) return;
  to_stop = apps.size();
  for (const auto& app : apps) app->Stop(Here(&State::Finish));
}

void Server::State::Finish() {
  if (--to_stop != 0) return;
  for (const auto& thread : threads) thread->End();
  signals.cancel();
  work.reset();
}

void Server::State::AwaitSignal() {
  signals.async_wait([this](const Error& error, int number) {
    if (error) return;
    if (stopping) _exit(kSignalExit + number);
    Stop();
    AwaitSignal();
  });
}

Server::Server(Configuration configuration, ServerOptions options, std::function<void(const std::string&)> listening)
    : state_(std::make_unique<State>(std::move(configuration), std::move(options), std::move(listening))) {
  State& state = *state_;
  state.context = std::make_unique<ServerContext>(ServerContext{state.options,
                                                                state.router,
                                                                state.apps,
                                                                state.budget,
                                                                state.configuration.max_connections,
                                                                state.connections,
                                                                "",
                                                                {}});
  state.context->respond_with_status = [&state](std::shared_ptr<Exchange> exchange, bool collect) {
    RespondWithStatus(state.apps, std::move(exchange), collect);
  };
}

Server::~Server() = default;

void Server::StopOnSignals() {
  state_->signals.add(SIGINT);
  state_->signals.add(SIGTERM);
  state_->AwaitSignal();
}

void Server::Stop() {
  asio::post(state_->io, [this] { state_->Stop(); });
}

int Server::Run() {
  State& state = *state_;
  if (!state.Bind()) return kExitCannotStart;
  state.work.emplace(asio::make_work_guard(state.io));
  state.LoadApps();
  state.io.run();
  return state.failed ? kExitCannotStart : 0;
}

}  // namespace sluice::runtime

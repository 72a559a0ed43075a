#include "src/runtime/server/server.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <optional>
#include <utility>
#include <vector>

#include "src/runtime/script_runner.h"
#include "src/runtime/server/ascii.h"
#include "src/runtime/server/app.h"
#include "src/runtime/server/io_thread.h"
#include "src/runtime/server/router.h"
#include "src/runtime/server/status.h"
#include "src/runtime/server/watchdog.h"

namespace sluice::runtime {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

// No file descriptor is left: those that wait are accepted later.
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr int kSignalExit = 128;

}  // namespace

struct Server::State {
  State(Configuration what, ServerOptions how, std::function<void(const std::string&)> then)
      : configuration(std::move(what)), options(std::move(how)), listening(std::move(then)), router(configuration.apps) {
    for (const AppConfiguration& app : configuration.apps) {
      apps.push_back(std::make_unique<App>(app, options.out, [this, name = app.name](std::string_view text) {
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
  void AwaitSignal();

  const Configuration configuration;
  const ServerOptions options;
  const std::function<void(const std::string&)> listening;
  const Router router;
  asio::io_context io{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  tcp::acceptor acceptor{io};
  asio::steady_timer pause{io};
  asio::signal_set signals{io};
  std::vector<std::unique_ptr<App>> apps;
  std::unique_ptr<ServerContext> context;
  std::vector<std::unique_ptr<IoThread>> threads;
  size_t to_load = 0;
  size_t next_thread = 0;
  bool failed = false;
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
  to_load = apps.size();
  for (const auto& app : apps) {
    app->Start([this](bool good) { asio::post(io, [this, good] { OnLoaded(good); }); });
  }
}

void Server::State::OnLoaded(bool good) {
  failed = failed || !good;
  if (--to_load != 0 || stopping) return;
  failed ? Stop() : Listen();
}

void Server::State::Listen() {
  const tcp::endpoint endpoint = acceptor.local_endpoint();
  const std::string host = endpoint.address().is_v6() ? Concat("[", endpoint.address().to_string(), "]")
                                                      : endpoint.address().to_string();
  context->own_authority = Concat(host, ":", endpoint.port());
  for (int i = 0; i < configuration.threads; ++i) threads.push_back(std::make_unique<IoThread>(*context));
  for (const auto& thread : threads) thread->Start();
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

void Server::State::Stop() {
  if (std::exchange(stopping, true)) return;
  if (!threads.empty()) AcceptAllThatWait();
  Error ignored;
  acceptor.close(ignored);
  pause.cancel();
  for (const auto& thread : threads) thread->Drain();
  work.reset();
  // The rest is Run()'s: only a second signal is waited for here.
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
  state.context = std::make_unique<ServerContext>(ServerContext{state.options, state.router, state.apps, "", {}});
  state.context->tell_status = [&state](std::shared_ptr<Exchange> exchange, bool collect) {
    TellStatus(state.apps, std::move(exchange), collect);
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
  if (!state.Bind()) return kExitMalformed;
  state.work.emplace(asio::make_work_guard(state.io));
  std::vector<std::function<double()>> looks;
  for (const auto& app : state.apps) looks.emplace_back([&app] { return app->InterruptLongTask(); });
  Watchdog watchdog(std::move(looks));
  state.LoadApps();
  // Signals are waited for on this thread until the very end.
  std::thread draining;
  while (!state.stopping) state.io.run_one();
  draining = std::thread([&state] {
    for (const auto& thread : state.threads) thread->Join();
    for (const auto& app : state.apps) app->Stop();
    asio::post(state.io, [&state] { state.signals.cancel(); });
  });
  state.io.run();
  draining.join();
  return state.failed ? kExitMalformed : 0;
}

}  // namespace sluice::runtime

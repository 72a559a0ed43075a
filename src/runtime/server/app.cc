#include "src/runtime/server/app.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

#include "src/runtime/server/app_limits.h"
#include "src/runtime/server/ascii.h"
#include "src/runtime/server/http_response.h"

namespace sluice::runtime {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{10'000};
// Requests wait for a process that is to be started this soon.
constexpr milliseconds kWorthWaiting{1'000};
// A process that lived this long has not failed, even if nobody asked it for anything.
constexpr milliseconds kLongLife{60'000};
constexpr milliseconds kLookAtMemory{100};
constexpr milliseconds kStopGrace{2'000};
constexpr milliseconds kStatusTimeout{5'000};

milliseconds Ms(double count) { return milliseconds(static_cast<int64_t>(count)); }

}  // namespace

App::App(const AppConfiguration& configuration, const ServerOptions& options, Budget& server_budget, TextOutput log)
    : configuration_(configuration),
      options_(options),
      budget_(configuration.max_in_flight_bytes, &server_budget),
      log_(std::move(log)) {}

App::~App() = default;

// ---- Any thread

void App::Send(std::shared_ptr<Exchange> exchange) {
  asio::dispatch(*io_, [this, exchange = std::move(exchange)]() mutable { Take(std::move(exchange)); });
}

void App::Abandon(std::shared_ptr<Exchange> exchange, GaveUp why) {
  asio::dispatch(*io_, [this, exchange = std::move(exchange), why] { Forget(exchange, why); });
}

void App::QueryStatus(bool collect, std::function<void(const AppStatus&)> on_status) {
  asio::dispatch(*io_, [this, collect, on_status = std::move(on_status)]() mutable {
    QueryProcess(collect, std::move(on_status));
  });
}

// ---- Processes

void App::Start(asio::io_context& io, std::function<void(bool)> loaded) {
  io_ = &io;
  loaded_ = std::move(loaded);
  asio::post(io, [this] {
    for (auto* const timer : {&pause_, &load_limit_, &memory_, &sign_}) timer->emplace(*io_);
    Spawn();
  });
}

void App::Spawn() {
  if (state_ == State::kStopping || state_ == State::kStopped) return;
  state_ = State::kLoading;
  succeeded_ = false;
  kill_reason_.clear();
  arriving_.reset();
  began_ = Clock::now();
  std::string problem;
  process_ = AppProcess::Start(*io_, options_.app_command, configuration_.name, *this, problem);
  if (process_ == nullptr) {
    log_(Concat("no process can be started for it: ", problem, "\n"));
    if (loaded_) return Finish(false);
    ++failures_;
    return Pause();
  }
  process_->Send({EncodeFrame(FrameType::kStart, EncodeStart(configuration_)), nullptr});
  AwaitLoaded();
  WatchMemory();
}

void App::Pause() {
  state_ = State::kPausing;
  const milliseconds length = PauseLength();
  pause_->expires_after(length);
  pause_->async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled) Spawn();
  });
  if (length > kWorthWaiting) RefuseAllThatWait();
}

// Doubled with each process in a row that answered nothing. One that did is followed at once.
milliseconds App::PauseLength() const {
  if (failures_ == 0) return milliseconds(0);
  constexpr int kMostDoublings = 10;
  return std::min(kLongestPause, kFirstPause * (1 << std::min(failures_ - 1, kMostDoublings)));
}

milliseconds App::PauseLeft() const {
  return state_ == State::kPausing ? std::chrono::ceil<milliseconds>(pause_->expiry() - Clock::now()) : milliseconds(0);
}

// Its own process ends what takes too long; this is for a process that can do nothing any more.
void App::AwaitLoaded() {
  load_limit_->expires_after(Ms(LoadLimitMs(configuration_) + 2 * kHardEndGraceMs));
  load_limit_->async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && state_ == State::kLoading) KillBecause("it does not load");
  });
}

void App::WatchMemory() {
  memory_->expires_after(kLookAtMemory);
  memory_->async_wait([this](const boost::system::error_code& cancelled) {
    if (cancelled || process_ == nullptr) return;
    if (process_->OwnMemory() > ProcessMemoryLimit(configuration_)) {
      KillBecause(Concat("its process has more than ", ProcessMemoryLimit(configuration_) >> 20, " MB of memory"));
    } else {
      WatchMemory();
    }
  });
}

// A request's time is over: a process that says nothing at all from now on is stuck where it cannot end itself, or was
// stopped.
void App::ExpectASign() {
  if (state_ != State::kServing || sign_->expiry() > Clock::now()) return;
  static_cast<void>(process_->WasHeard());
  process_->Send({EncodeFrame(FrameType::kQueryStatus, EncodeStatusQuestion({})), nullptr});
  sign_->expires_after(Ms(configuration_.time_limit_ms + 2 * kHardEndGraceMs));
  sign_->async_wait([this, whom = process_](const boost::system::error_code& cancelled) {
    if (!cancelled && process_ == whom && !whom->WasHeard()) KillBecause("its process does not respond");
  });
}

void App::KillBecause(std::string why) {
  if (process_ == nullptr) return;
  kill_reason_ = std::move(why);
  process_->Kill();
}

void App::OnLoaded() {
  load_limit_->cancel();
  state_ = State::kServing;
  sign_->expires_at(Clock::time_point::min());
  if (loaded_) std::exchange(loaded_, nullptr)(true);
  for (auto& exchange : std::exchange(waiting_, {})) Take(std::move(exchange));
}

void App::OnDiagnostic(std::string_view line) { log_(Concat(line, "\n")); }

std::string App::Reason(const ProcessEnd& end) const {
  if (!kill_reason_.empty()) return kill_reason_;
  if (!end.exited) return Concat("its process was ended by signal ", end.code, " (", strsignal(end.code), ")");
  switch (static_cast<AppExit>(end.code)) {
    case AppExit::kOutOfMemory:
      return Concat("its memory limit of ", configuration_.memory_limit_bytes >> 20, " MB is exhausted");
    case AppExit::kTooLong:
      return Concat("it ran longer than the time limit of ", configuration_.time_limit_ms,
                    " ms and could not be interrupted");
    case AppExit::kEndedItself:
      return "it ended itself";
    case AppExit::kNotLoaded:
      return "it could not be loaded";
    case AppExit::kStopped:
      break;
  }
  return Concat("its process exited with code ", end.code);
}

void App::OnEnd(const ProcessEnd& end) {
  for (auto* const timer : {&load_limit_, &memory_, &sign_}) (*timer)->cancel();
  arriving_.reset();
  const std::shared_ptr<AppProcess> ended = std::exchange(process_, nullptr);
  for (auto& exchange : ended->TakeAllBack()) {
    in_flight_.erase(exchange->id);
    waiting_.push_back(std::move(exchange));
  }
  const size_t lost = in_flight_.size();
  for (auto& [id, exchange] : std::exchange(in_flight_, {})) {
    exchange->Answer(PlainResponse(kUnavailable, "The app ended before it answered."));
  }
  for (auto& [id, question] : std::exchange(questions_, {})) ReportStatus(question, {});
  if (state_ == State::kStopping) return Finish(false);
  const std::string reason = Reason(end);
  if (loaded_) {
    // The process has logged what is wrong with the module, and a module may end itself.
    const auto code = static_cast<AppExit>(end.code);
    if (!end.exited || (code != AppExit::kNotLoaded && code != AppExit::kEndedItself)) log_(Concat(reason, "\n"));
    return Finish(false);
  }
  ++restarts_;
  failures_ = succeeded_ || Clock::now() - began_ > kLongLife ? 0 : failures_ + 1;
  const milliseconds pause = PauseLength();
  log_(Concat(reason, ": ", lost, lost == 1 ? " request in flight gets" : " requests in flight get",
              " 503, and it starts afresh",
              pause.count() == 0 ? std::string() : Concat(" after ", pause.count(), " ms"), "\n"));
  Pause();
}

// Nothing will be started any more.
void App::Finish(bool loaded) {
  state_ = State::kStopped;
  RefuseAllThatWait();
  if (loaded_) std::exchange(loaded_, nullptr)(loaded);
  if (stopped_) std::exchange(stopped_, nullptr)();
}

void App::Stop(std::function<void()> stopped) {
  asio::post(*io_, [this, stopped = std::move(stopped)]() mutable {
    stopped_ = std::move(stopped);
    loaded_ = nullptr;
    pause_->cancel();
    if (process_ == nullptr) return Finish(false);
    state_ = State::kStopping;
    process_->Close();
    sign_->expires_after(kStopGrace);
    sign_->async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled && process_ != nullptr) process_->Kill();
    });
  });
}

// ---- Requests

void App::Take(std::shared_ptr<Exchange> exchange) {
  if (exchange->ended()) return;
  if (state_ == State::kServing) return GiveToProcess(std::move(exchange));
  if (state_ == State::kStopping || state_ == State::kStopped || PauseLeft() > kWorthWaiting) return Refuse(*exchange);
  waiting_.push_back(std::move(exchange));
}

void App::GiveToProcess(std::shared_ptr<Exchange> exchange) {
  ++requests_;
  const uint64_t id = exchange->id = ++last_id_;
  in_flight_.emplace(id, exchange);
  const std::string fields = EncodeRequest(id, exchange->request);
  std::string text = EncodeFrame(FrameType::kRequest, fields, exchange->request.body.size());
  // One that has nothing else to do begins at once; others are woken less often.
  process_->Send({std::move(text), std::move(exchange)},
                 in_flight_.size() == 1 ? AppProcess::When::kNow : AppProcess::When::kSoon);
}

void App::Forget(const std::shared_ptr<Exchange>& exchange, GaveUp why) {
  const bool nobody_waits = exchange->ended();
  if (nobody_waits) std::erase(waiting_, exchange);
  const auto found = in_flight_.find(exchange->id);
  if (found == in_flight_.end() || found->second != exchange) return;
  if (why == GaveUp::kTimeOver) ExpectASign();
  if (nobody_waits) in_flight_.erase(found);
  if (nobody_waits && process_->TakeBack(*exchange)) return;
  const Abandonment abandonment{.id = exchange->id, .why = why, .forget = nobody_waits};
  process_->Send({EncodeFrame(FrameType::kAbandon, EncodeAbandon(abandonment)), nullptr});
}

void App::Refuse(Exchange& exchange) {
  ResponseData response = PlainResponse(kUnavailable, "The app is not running.");
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(PauseLeft()).count();
  if (seconds > 0) response.headers.emplace_back("retry-after", std::to_string(seconds));
  exchange.Answer(std::move(response));
}

void App::RefuseAllThatWait() {
  for (const auto& exchange : std::exchange(waiting_, {})) Refuse(*exchange);
}

// ---- What the process says

FrameFate App::Decide(const Frame& frame, uint64_t body) {
  switch (frame.type) {
    case FrameType::kResponse:
      return DecideResponse(frame, body);
    case FrameType::kOut:
    case FrameType::kLog:
      return body <= kLargestPrintedBody ? FrameFate::kKept : FrameFate::kRefused;
    default:
      return body == 0 ? FrameFate::kKept : FrameFate::kRefused;
  }
}

// A response whose body has no room is not read into memory.
FrameFate App::DecideResponse(const Frame& frame, uint64_t body) {
  const auto numbered = DecodeResponse(frame.fields);
  if (!numbered) return FrameFate::kRefused;
  const auto found = in_flight_.find(numbered->id);
  if (found == in_flight_.end()) return FrameFate::kSkipped;  // it was given up
  if (found->second->ended()) return FrameFate::kSkipped;
  arriving_.emplace(budget_);
  if (arriving_->Resize(frame.fields.size() + body)) return FrameFate::kKept;
  arriving_.reset();
  succeeded_ = true;
  found->second->Answer(PlainResponse(kUnavailable, "Too many bodies are in flight."));
  in_flight_.erase(found);
  return FrameFate::kSkipped;
}

bool App::OnFrame(Frame frame) {
  switch (frame.type) {
    case FrameType::kLoaded:
      if (state_ == State::kLoading) OnLoaded();
      return true;
    case FrameType::kResponse:
      return OnResponse(std::move(frame));
    case FrameType::kOut:
      options_.out(frame.body);
      return true;
    case FrameType::kLog:
      if (state_ != State::kStopping) log_(frame.body);  // what is ended at the end is nobody's fault
      return true;
    case FrameType::kStatus: {
      const auto reply = DecodeStatusReply(frame.fields);
      if (!reply) return false;
      if (const auto question = questions_.extract(reply->id)) ReportStatus(question.mapped(), reply->status);
      return true;
    }
    default:
      return false;
  }
}

bool App::OnResponse(Frame frame) {
  auto numbered = DecodeResponse(frame.fields);
  if (!numbered) return false;
  succeeded_ = true;
  if (const auto found = in_flight_.extract(numbered->id)) {
    numbered->response.body = std::move(frame.body);
    found.mapped()->Answer(std::move(numbered->response), std::move(*arriving_));
  }
  arriving_.reset();
  return true;
}

// ---- Status

void App::QueryProcess(bool collect, std::function<void(const AppStatus&)> on_status) {
  Question question{std::move(on_status), asio::steady_timer(*io_)};
  if (state_ != State::kServing) return ReportStatus(question, {});
  const uint64_t id = ++last_id_;
  const auto [place, is_new] = questions_.emplace(id, std::move(question));
  place->second.timeout.expires_after(kStatusTimeout);
  place->second.timeout.async_wait([this, id](const boost::system::error_code& cancelled) {
    if (cancelled) return;
    if (const auto late = questions_.extract(id)) ReportStatus(late.mapped(), {});
  });
  process_->Send({EncodeFrame(FrameType::kQueryStatus, EncodeStatusQuestion({.id = id, .collect = collect})), nullptr});
}

void App::ReportStatus(const Question& question, const RealmStatus& realm) {
  AppStatus status{.name = configuration_.name, .realm = realm, .body_bytes = budget_.used()};
  status.in_flight = in_flight_.size() + waiting_.size();
  status.requests = requests_;
  status.restarts = restarts_;
  if (process_ != nullptr) {
    status.resident_bytes = process_->OwnMemory();
    status.process = process_->id();
  }
  question.on_status(status);
}

}  // namespace sluice::runtime

#include "src/runtime/terminal_input.h"

#include <histedit.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice::runtime {
namespace {

constexpr int kHistorySize = 1000;
constexpr char kEndOfFile = 4;  // Ctrl-D

class TerminalInput final : public LineInput {
 public:
  TerminalInput(EventLoop& loop, TerminalOptions options) : loop_(loop), options_(std::move(options)) {
    // libedit reads characters of the locale; where that has bytes only, UTF-8 is what terminals send.
    if (std::setlocale(LC_CTYPE, "") == nullptr || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
    edit_ = el_init("sluice", stdin, stdout, stderr);
    history_ = history_init();
    HistEvent event;
    history(history_, &event, H_SETSIZE, kHistorySize);
    history(history_, &event, H_SETUNIQUE, 1);
    if (!options_.history_file.empty()) history(history_, &event, H_LOAD, options_.history_file.c_str());
    el_set(edit_, EL_CLIENTDATA, this);
    el_set(edit_, EL_PROMPT, static_cast<char* (*)(EditLine*)>([](EditLine* edit) { return Of(edit).prompt_.data(); }));
    el_set(edit_, EL_EDITOR, "emacs");
    el_set(edit_, EL_HIST, history, history_);
    // Wide, because libedit keeps copies of narrow names for ever.
    el_wset(edit_, EL_ADDFN, L"sluice-complete", L"Complete names",
            static_cast<unsigned char (*)(EditLine*, wint_t)>(
                [](EditLine* edit, wint_t) { return Of(edit).CompleteLine(); }));
    el_set(edit_, EL_BIND, "^I", "sluice-complete", nullptr);
    el_set(edit_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    uv_poll_init(loop.get(), &poll_, STDIN_FILENO);
    poll_.data = this;
    uv_signal_init(loop.get(), &resized_);
    resized_.data = this;
    uv_signal_start(
        &resized_, [](uv_signal_t* signal, int) { el_resize(static_cast<TerminalInput*>(signal->data)->edit_); },
        SIGWINCH);
    uv_unref(reinterpret_cast<uv_handle_t*>(&resized_));
  }

  ~TerminalInput() override {
    Stop();
    SaveHistory();
    history_end(history_);
    el_end(edit_);
    loop_.Close(poll_);
    loop_.Close(resized_);
  }

  void Start(Callbacks callbacks) override { callbacks_ = std::move(callbacks); }

  void Prompt(const std::string& prompt) override {
    prompt_ = prompt;
    asking_ = true;
    // The terminal is in libedit's mode only while it waits for a line: scripts run in the usual one, with Ctrl-C.
    el_set(edit_, EL_UNBUFFERED, 1);
    uv_poll_start(&poll_, UV_READABLE | UV_DISCONNECT,
                  [](uv_poll_t* poll, int, int) { static_cast<TerminalInput*>(poll->data)->Read(); });
  }

  void Cancel() override {
    if (!asking_) return;
    Stop();
    std::fputs("^C\n", stdout);
    std::fflush(stdout);
    Prompt(prompt_);
  }

  void Print(const std::function<void()>& write) override {
    if (!asking_) return write();
    std::fputs("\r\x1b[K", stdout);
    std::fflush(stdout);
    write();
    el_set(edit_, EL_REFRESH);
  }

  void Remember(const std::string& line) override {
    HistEvent event;
    history(history_, &event, H_ENTER, (line + "\n").c_str());
  }

 private:
  static TerminalInput& Of(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return *static_cast<TerminalInput*>(self);
  }

  void Stop() {
    if (!asking_) return;
    asking_ = false;
    uv_poll_stop(&poll_);
    el_set(edit_, EL_UNBUFFERED, 0);
  }

  // Takes one key. What it makes of the line is libedit's.
  void Read() {
    int available = 0;
    const bool gone = ioctl(STDIN_FILENO, FIONREAD, &available) != 0 || available == 0;
    int count = 0;
    const char* const text = gone ? nullptr : el_gets(edit_, &count);
    if (gone || (text != nullptr && count == 1 && text[0] == kEndOfFile)) {
      Stop();
      std::fputc('\n', stdout);
      std::fflush(stdout);
      return callbacks_.end();
    }
    if (text == nullptr || count <= 0) return;
    std::string line(text, static_cast<size_t>(count));
    if (line.back() != '\n' && line.back() != '\r') return;
    line.pop_back();
    Stop();
    callbacks_.line(line);
  }

  unsigned char CompleteLine() {
    const LineInfo* const info = el_line(edit_);
    const std::string_view before(info->buffer, static_cast<size_t>(info->cursor - info->buffer));
    const Completion completion = options_.complete(before);
    if (completion.candidates.empty()) return CC_REFRESH_BEEP;
    const std::string common = CommonPrefix(completion.candidates);
    if (common.size() > completion.prefix.size()) {
      el_insertstr(edit_, common.substr(completion.prefix.size()).c_str());
      return CC_REFRESH;
    }
    if (completion.candidates.size() == 1) return CC_REFRESH;
    List(completion.candidates);
    return CC_REDISPLAY;
  }

  // In columns below the line; the prompt comes again after them.
  static void List(const std::vector<std::string>& names) {
    constexpr size_t kLongest = 200;
    winsize size{};
    const size_t width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    size_t column = 0;
    for (const std::string& name : names) column = std::max(column, name.size() + 2);
    const size_t columns = std::max<size_t>(1, width / column);
    std::fputc('\n', stdout);
    const size_t shown = std::min(names.size(), kLongest);
    for (size_t i = 0; i < shown; ++i) {
      if ((i + 1) % columns == 0 || i + 1 == shown) {
        std::printf("%s\n", names[i].c_str());
      } else {
        std::printf("%-*s", static_cast<int>(column), names[i].c_str());
      }
    }
    if (shown < names.size()) std::printf("... %zu more\n", names.size() - shown);
    std::fflush(stdout);
  }

  void SaveHistory() {
    if (options_.history_file.empty()) return;
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(options_.history_file).parent_path(), error);
    HistEvent event;
    if (history(history_, &event, H_SAVE, options_.history_file.c_str()) < 0) {
      std::fprintf(stderr, "sluice: the history could not be written to %s\n", options_.history_file.c_str());
    }
  }

  EventLoop& loop_;
  TerminalOptions options_;
  EditLine* edit_;
  History* history_;
  uv_poll_t poll_;
  uv_signal_t resized_;
  std::string prompt_;
  bool asking_ = false;
  Callbacks callbacks_;
};

}  // namespace

std::unique_ptr<LineInput> OpenTerminalInput(EventLoop& loop, TerminalOptions options) {
  return std::make_unique<TerminalInput>(loop, std::move(options));
}

std::string DefaultHistoryFile() {
  // https://specifications.freedesktop.org/basedir-spec/latest/: relative paths in it are to be ignored.
  if (const char* const state = std::getenv("XDG_STATE_HOME"); state != nullptr && state[0] == '/') {
    return std::string(state) + "/sluice/repl_history";
  }
  const char* const home = std::getenv("HOME");
  return home != nullptr && home[0] != '\0' ? std::string(home) + "/.local/state/sluice/repl_history" : "";
}

}  // namespace sluice::runtime

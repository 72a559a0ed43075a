#include "fuzz/program/text.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "fuzz/program/language.h"

namespace sluice::fuzz {
namespace {

using sim::Chunk;
using sim::ChunkKind;

// ---- Printing

std::string ReasonText(uint8_t reason) { return reason == kNoReason ? "undefined" : "r" + std::to_string(reason); }

std::string OperandText(OperandKind kind, const Operands& operands) {
  switch (kind) {
    case OperandKind::kStream:
    case OperandKind::kNewStream:
      return StreamText(operands.stream);
    case OperandKind::kPrefix:
      return StreamPrefix(operands.stream);
    case OperandKind::kWriter:
      return "w" + std::to_string(operands.writer);
    case OperandKind::kReason:
      return ReasonText(operands.reason);
    case OperandKind::kSource:
      return std::string(PromiseSourceNames()[static_cast<int>(operands.source)]);
    case OperandKind::kUnobserved:
      return operands.unobserved ? " unobserved" : "";
    case OperandKind::kCount:
    case OperandKind::kTimes:
      return std::to_string(operands.count);
    case OperandKind::kNumber:
      return NumberText(operands.number);
    case OperandKind::kChunk:
    case OperandKind::kBuffer:
      return ChunkText(operands.chunk);
  }
  return "";
}

void AppendStatement(std::string& text, const Row& row, const Operands& operands) {
  for (size_t i = 0; i < row.pattern.size(); ++i) {
    if (row.pattern[i] == '$') {
      text += OperandText(static_cast<OperandKind>(row.pattern[++i]), operands);
    } else {
      text += row.pattern[i];
    }
  }
}

template <typename Statement>
std::string StatementText(const Statement& statement) {
  std::string text;
  AppendStatement(text, RowOf(statement.kind), statement.operands);
  return text;
}

// ---- Parsing

// One line, without its comment and the space around it.
struct Line {
  std::string_view text;
  int number = 0;
  int column = 1;  // of the first byte of `text`
};

// Where a `#` that begins a comment stands: at the start or after white space, outside of quotes.
size_t CommentStart(std::string_view line) {
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == '#' && !quoted && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return i;
    }
  }
  return line.size();
}

class Cursor {
 public:
  Cursor(std::string_view text, size_t at) : text_(text), at_(at) {}

  size_t at() const { return at_; }
  bool AtEnd() const { return at_ == text_.size(); }
  std::string_view rest() const { return text_.substr(at_); }
  void SkipSpace() {
    while (!AtEnd() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool Take(std::string_view literal) {
    if (!rest().starts_with(literal)) return false;
    at_ += literal.size();
    return true;
  }
  template <typename Number>
  bool TakeNumber(Number& number) {
    const auto result = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
    if (result.ec != std::errc()) return false;
    at_ = static_cast<size_t>(result.ptr - text_.data());
    return true;
  }
  // One of `words`, the longest that fits.
  bool TakeWord(std::span<const std::string_view> words, int& index) {
    index = -1;
    for (size_t i = 0; i < words.size(); ++i) {
      if (rest().starts_with(words[i]) && (index < 0 || words[i].size() > words[index].size()))
        index = static_cast<int>(i);
    }
    return index >= 0 && Take(words[index]);
  }

 private:
  std::string_view text_;
  size_t at_;
};

bool TakeDouble(Cursor& cursor, double& number) {
  if (cursor.Take("NaN")) {
    number = std::numeric_limits<double>::quiet_NaN();
  } else if (cursor.Take("Infinity")) {
    number = std::numeric_limits<double>::infinity();
  } else if (cursor.Take("-Infinity")) {
    number = -std::numeric_limits<double>::infinity();
  } else {
    return !cursor.rest().starts_with("inf") && !cursor.rest().starts_with("nan") && cursor.TakeNumber(number);
  }
  return true;
}

bool TakeHex4(Cursor& cursor, char16_t& unit) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    if (cursor.AtEnd()) return false;
    const char c = cursor.rest()[0];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return false;
    value = value * 16 + static_cast<uint32_t>(digit);
    cursor.Take(cursor.rest().substr(0, 1));
  }
  unit = static_cast<char16_t>(value);
  return true;
}

// After the opening quote. `why` says what is wrong.
bool TakeString(Cursor& cursor, Chunk& chunk, std::string_view& why) {
  chunk = {.kind = ChunkKind::kString, .count = 1};
  while (!cursor.Take("\"")) {
    if (cursor.AtEnd()) {
      why = "a closing \"";
      return false;
    }
    char16_t unit = 0;
    if (cursor.Take("\\u")) {
      if (!TakeHex4(cursor, unit)) {
        why = "four hexadecimal digits after \\u";
        return false;
      }
    } else {
      cursor.Take("\\");
      if (cursor.AtEnd() || static_cast<unsigned char>(cursor.rest()[0]) >= 0x80) {
        why = "an ASCII character or \\uXXXX (other characters are written as UTF-16 code units)";
        return false;
      }
      unit = static_cast<char16_t>(cursor.rest()[0]);
      cursor.Take(cursor.rest().substr(0, 1));
    }
    if (chunk.unit_count == sim::kMaxChunkUnits) {
      static_assert(sim::kMaxChunkUnits == 6);
      why = "at most 6 code units in a string (repeat it: \"ab\" * 100)";
      return false;
    }
    chunk.units[chunk.unit_count++] = unit;
  }
  Cursor star = cursor;
  star.SkipSpace();
  if (star.Take("*")) {
    star.SkipSpace();
    if (!star.TakeNumber(chunk.count) || chunk.count == 0) {
      why = "a number of repetitions from 1 to 4294967295";
      return false;
    }
    cursor = star;
  }
  return true;
}

// A writer or one of its promises, after the `w`.
bool TakeWriterChunk(Cursor& cursor, Chunk& chunk, std::string_view& why) {
  static_assert(sim::kChunkTagCount == kWriterCount && kWriterCount == 4);
  why = "a writer, w0 to w3, or its promise, as in w1.closed";
  chunk = {.kind = ChunkKind::kWriter};
  if (!cursor.TakeNumber(chunk.tag) || chunk.tag >= kWriterCount) return false;
  if (cursor.Take(".ready")) chunk.kind = ChunkKind::kReady;
  if (cursor.Take(".closed")) chunk.kind = ChunkKind::kClosed;
  return true;
}

bool TakeChunk(Cursor& cursor, Chunk& chunk, std::string_view& why) {
  why =
      "a chunk: \"text\", \"ab\" * 3, buffer(8), shared(8), view(8), object, number, undefined (with #1 to #3: another "
      "one), w1, w1.ready, w1.closed";
  if (cursor.Take("\"")) return TakeString(cursor, chunk, why);
  if (cursor.Take("w")) return TakeWriterChunk(cursor, chunk, why);
  constexpr size_t kWriterKinds = 3;  // at the end
  int kind = 0;
  if (!cursor.TakeWord(ChunkKindNames().first(sim::kChunkKindCount - kWriterKinds), kind) || kind == 0) return false;
  chunk = {.kind = static_cast<ChunkKind>(kind)};
  const bool has_bytes = chunk.kind == ChunkKind::kArrayBuffer || chunk.kind == ChunkKind::kSharedArrayBuffer ||
                         chunk.kind == ChunkKind::kView;
  if (has_bytes && (!cursor.Take("(") || !cursor.TakeNumber(chunk.count) || !cursor.Take(")"))) {
    why = "a byte length from 0 to 4294967295 in parentheses, as in buffer(8)";
    return false;
  }
  if (chunk.kind != ChunkKind::kUndefined && cursor.Take("#")) {
    if (!cursor.TakeNumber(chunk.tag) || chunk.tag >= sim::kChunkTagCount) {
      static_assert(sim::kChunkTagCount == 4);
      why = "an identity from #0 to #3";
      return false;
    }
  }
  return true;
}

bool TakeStream(Cursor& cursor, uint8_t& stream) {
  if (cursor.Take("stream")) {
    stream = 0;
    return true;
  }
  return cursor.Take("s") && cursor.TakeNumber(stream) && stream < kStreamCount;
}

// On failure `why` is what was expected.
bool TakeOperand(Cursor& cursor, OperandKind kind, Operands& operands, std::string_view& why) {
  int word = 0;
  static_assert(kStreamCount == 4);
  switch (kind) {
    case OperandKind::kStream:
      why = "a stream: stream (which is s0), s1, s2 or s3";
      return TakeStream(cursor, operands.stream);
    case OperandKind::kNewStream:
      why = "another stream, s1 to s3";
      return TakeStream(cursor, operands.stream) && operands.stream > 0;
    case OperandKind::kPrefix: {
      Cursor prefix = cursor;
      why = "a stream, as in s1.controller";
      operands.stream = 0;
      if (!TakeStream(prefix, operands.stream) || !prefix.Take(".")) {
        operands.stream = 0;
      } else {
        cursor = prefix;
      }
      return true;
    }
    case OperandKind::kWriter:
      static_assert(kWriterCount == 4);
      why = "a writer, w0 to w3";
      return cursor.Take("w") && cursor.TakeNumber(operands.writer) && operands.writer < kWriterCount;
    case OperandKind::kReason:
      static_assert(kReasonCount == 4);
      why = "a reason, r0 to r3 or undefined";
      if (cursor.Take("undefined")) {
        operands.reason = kNoReason;
        return true;
      }
      return cursor.Take("r") && cursor.TakeNumber(operands.reason) && operands.reason < kReasonCount;
    case OperandKind::kSource:
      why = "whose promise: start, write, close, abort or then";
      if (!cursor.TakeWord(PromiseSourceNames(), word)) return false;
      operands.source = static_cast<PromiseSource>(word);
      return true;
    case OperandKind::kUnobserved: {
      Cursor unobserved = cursor;
      unobserved.SkipSpace();
      operands.unobserved = unobserved.Take("unobserved");
      if (operands.unobserved) cursor = unobserved;
      return true;
    }
    case OperandKind::kCount:
      static_assert(kMaxCount == 1000);
      why = "a count from 1 to 1000";
      return cursor.TakeNumber(operands.count) && operands.count >= 1 && operands.count <= kMaxCount;
    case OperandKind::kTimes:
      static_assert(kMaxTimes == 4096);
      why = "how often, from 1 to 4096";
      return cursor.TakeNumber(operands.count) && operands.count >= 1 && operands.count <= kMaxTimes;
    case OperandKind::kNumber:
      why = "a number, NaN, Infinity or -Infinity";
      return TakeDouble(cursor, operands.number);
    case OperandKind::kChunk:
      return TakeChunk(cursor, operands.chunk, why);
    case OperandKind::kBuffer:
      if (TakeChunk(cursor, operands.chunk, why) && sim::IsDetachable(operands.chunk.kind)) return true;
      why = "what can be detached: buffer(8) or view(8) (with #1 to #3: another one)";
      return false;
  }
  return false;
}

// The furthest that any pattern got, and what each wanted there.
struct Furthest {
  struct Wanted {
    std::string_view what;
    bool literal = false;  // stands for itself, in quotes

    friend bool operator==(const Wanted&, const Wanted&) = default;
  };
  size_t at = 0;
  std::vector<Wanted> wanted;

  // Most lines match some pattern, and nobody asks what the others wanted.
  bool listening = false;

  void Note(size_t where, std::string_view what, bool literal = false) {
    if (!listening || where < at) return;
    if (where > at) wanted.clear();
    at = where;
    const Wanted entry{what, literal};
    if (std::find(wanted.begin(), wanted.end(), entry) == wanted.end()) wanted.push_back(entry);
  }

  std::string Expected() const {
    std::string text;
    for (const Wanted& entry : wanted) {
      if (!text.empty()) text += ", or ";
      text += entry.literal ? "\"" + std::string(entry.what) + "\"" : std::string(entry.what);
    }
    return text;
  }
};

bool MatchPattern(std::string_view pattern, Cursor cursor, Operands& operands, Furthest& furthest) {
  operands = Operands{};
  for (size_t i = 0; i < pattern.size(); ++i) {
    const size_t before = cursor.at();
    if (pattern[i] == '$') {
      std::string_view why;
      if (!TakeOperand(cursor, static_cast<OperandKind>(pattern[++i]), operands, why)) {
        furthest.Note(before, why);
        return false;
      }
      continue;
    }
    if (pattern[i] == ' ') {
      cursor.SkipSpace();
      if (cursor.at() > before) continue;
      furthest.Note(before, "a space");
      return false;
    }
    const size_t end = std::min(pattern.find_first_of(" $", i), pattern.size());
    const std::string_view literal = pattern.substr(i, end - i);
    if (!cursor.Take(literal)) {
      furthest.Note(before, literal, true);
      return false;
    }
    i = end - 1;
  }
  cursor.SkipSpace();
  if (cursor.AtEnd()) return true;
  furthest.Note(cursor.at(), "the end of the line");
  return false;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  ParsedProgram Parse() {
    if (text_.starts_with("\xEF\xBB\xBF")) {
      return {std::nullopt,
              {1, 1, "the text begins with a byte order mark, which cannot be seen; save it without one"}};
    }
    while (NextLine() && ParseTopLevel()) {
    }
    if (failed_) return {std::nullopt, error_};
    return {std::move(program_), {}};
  }

 private:
  // The next line with anything on it; false at the end.
  bool NextLine() {
    while (next_ < text_.size()) {
      const size_t end = std::min(text_.find('\n', next_), text_.size());
      std::string_view line = text_.substr(next_, end - next_);
      next_ = end + 1;
      ++line_.number;
      line = line.substr(0, CommentStart(line));
      const size_t first = line.find_first_not_of(" \t\r");
      if (first == std::string_view::npos) continue;
      line_.text = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
      line_.column = static_cast<int>(first) + 1;
      return true;
    }
    return false;
  }

  bool Fail(size_t at, std::string message) {
    if (!failed_) error_ = {line_.number, line_.column + static_cast<int>(at), std::move(message)};
    failed_ = true;
    return false;
  }

  bool FailExpected(const Furthest& furthest) {
    const std::string_view found = line_.text.substr(std::min(furthest.at, line_.text.size()));
    constexpr size_t kShown = 60;  // characters; a line may be a megabyte
    const std::string shown = found.empty()           ? "the end of the line"
                              : found.size() > kShown ? "\"" + std::string(found.substr(0, kShown)) + "...\""
                                                      : "\"" + std::string(found) + "\"";
    return Fail(furthest.at, "found " + shown + ", expected " + furthest.Expected());
  }

  bool ParseTopLevel() {
    Cursor cursor(line_.text, 0);
    if (cursor.Take("on ")) return ParseScript(cursor);
    Cursor after_stream = cursor;
    uint8_t stream = 0;
    if (TakeStream(after_stream, stream) && after_stream.Take(" ")) {
      after_stream.SkipSpace();
      if (const int setting = TakeSettingName(after_stream); setting >= 0) {
        return ParseSetting(after_stream, setting, stream);
      }
    }
    if (const int setting = TakeSettingName(cursor); setting >= 0) return ParseSetting(cursor, setting, 0);
    if (program_.ops.size() == kMaxOps) {
      return Fail(0, "the program has more than " + std::to_string(kMaxOps) + " operations; split it");
    }
    program_.ops.emplace_back();
    return ParseOp(program_.ops.back());
  }

  // By its number in ParseSetting; -1 if it is none.
  static int TakeSettingName(Cursor& cursor) {
    constexpr std::string_view kNames[kSettings] = {"highWaterMark ", "byteLimit ", "ticks ",
                                                    "methods",        "strategy ",  "shares "};
    for (int i = 0; i < kSettings; ++i) {
      if (cursor.Take(kNames[i])) return i;
    }
    return -1;
  }

  bool ParseSetting(Cursor cursor, int setting, uint8_t stream) {
    bool& seen = seen_[stream][setting];
    if (seen) return Fail(0, "this setting was given before; keep one of them");
    seen = true;
    StreamSettings& settings = program_.settings(stream);
    cursor.SkipSpace();
    const size_t at = cursor.at();
    int word = 0;
    switch (setting) {
      case 0:
        if (!TakeDouble(cursor, settings.highWaterMark.emplace()))
          return Fail(at, "expected a number, NaN or Infinity");
        break;
      case 1:
        if (!cursor.TakeNumber(settings.byteLimit.emplace())) {
          return Fail(at,
                      "expected a number of bytes from 0 to 18446744073709551615 (without the line there is no limit)");
        }
        break;
      case 2:
        if (!cursor.TakeWord(TickModelNames(), word)) {
          return Fail(at, "expected webidl, promise-resolve or promise-resolve-start");
        }
        settings.tickModel = static_cast<core::TickModel>(word);
        break;
      case 3:
        while (!cursor.AtEnd()) {
          if (!cursor.TakeWord(MethodNames(), word)) {
            return Fail(cursor.at(), "expected start, write, close, abort or size");
          }
          settings.methods |= static_cast<uint8_t>(1 << word);
          cursor.SkipSpace();
        }
        break;
      case 4:
        if (!cursor.TakeWord(StrategyNames().subspan(1), word)) {
          return Fail(at, "expected CountQueuingStrategy or ByteLengthQueuingStrategy");
        }
        settings.strategy = static_cast<sim::Strategy>(word + 1);
        break;
      case 5:
        if (stream == 0) return Fail(0, "a later stream shares what the first one has, as in s1 shares sink");
        while (!cursor.AtEnd()) {
          if (!cursor.TakeWord(SharedNames(), word)) return Fail(cursor.at(), "expected sink, strategy or signal");
          settings.shared |= static_cast<uint8_t>(1 << word);
          cursor.SkipSpace();
        }
        break;
    }
    if (settings.strategy != sim::Strategy::kAuthor && settings.has(Method::kSize)) {
      return Fail(at, "a " + std::string(StrategyNames()[static_cast<int>(settings.strategy)]) +
                          " has a size() of its own; leave out either the strategy or the method size");
    }
    cursor.SkipSpace();
    return cursor.AtEnd() || Fail(cursor.at(), "expected the end of the line");
  }

  template <typename Statement>
  static bool Match(std::span<const Row> rows, Cursor cursor, Statement& statement, Furthest& furthest) {
    for (const Row& row : rows) {
      // Most rows fail at their first character.
      if (!furthest.listening && row.pattern[0] != '$' && !cursor.rest().starts_with(row.pattern[0])) continue;
      if (!MatchPattern(row.pattern, cursor, statement.operands, furthest)) continue;
      statement.kind = static_cast<decltype(statement.kind)>(row.kind);
      Normalize(row, statement.operands);
      return true;
    }
    return false;
  }

  bool ParseOp(Op& op) {
    Furthest furthest;
    const Cursor cursor(line_.text, 0);
    if (Match(OpRows(), cursor, op, furthest)) return true;
    furthest.listening = true;
    Match(OpRows(), cursor, op, furthest);
    if (furthest.at == 0) {
      furthest.wanted = {
          {"a setting (highWaterMark, strategy, byteLimit, ticks, methods, s1 shares), a script (on write ...) or an "
           "operation; "
           "`sluice-fuzz language` lists them"}};
    }
    return FailExpected(furthest);
  }

  bool ParseEnd(Cursor cursor, End& end) {
    Furthest furthest;
    if (Match(EndRows(), cursor, end, furthest)) return true;
    furthest.listening = true;
    Match(EndRows(), cursor, end, furthest);
    return FailExpected(furthest);
  }

  bool ParseScript(Cursor cursor) {
    cursor.SkipSpace();
    int call = 0;
    uint8_t stream = 0;
    const size_t at = cursor.at();
    Cursor after_stream = cursor;
    if (TakeStream(after_stream, stream) && after_stream.Take(" ")) {
      cursor = after_stream;
      cursor.SkipSpace();
    } else {
      stream = 0;
    }
    if (!cursor.TakeWord(CallKindNames(), call)) {
      return Fail(cursor.at(),
                  "expected the author's function: start, size, write, close, abort, signal, getThen or then");
    }
    if (program_.scripts.size() == kMaxScripts) {
      return Fail(0, "the program has more than " + std::to_string(kMaxScripts) + " scripts; split it");
    }
    Script script{.stream = stream, .call = static_cast<sim::CallKind>(call), .ops = {}, .end = {}};
    if (stream != 0 && !IsOfStream(script.call)) {
      return Fail(at, "a thenable is of no stream; leave out the name before " + std::string(CallKindNames()[call]));
    }
    cursor.SkipSpace();
    if (cursor.Take("{")) {
      cursor.SkipSpace();
      if (!cursor.AtEnd())
        return Fail(cursor.at(), "expected the end of the line after {; each operation has its own line");
      const int opened = line_.number;
      for (;;) {
        if (!NextLine()) return Fail(0, "the { of line " + std::to_string(opened) + " is not closed; add `} return`");
        cursor = Cursor(line_.text, 0);
        if (cursor.Take("}")) break;
        if (script.ops.size() == kMaxScriptOps) {
          return Fail(0, "the script has more than " + std::to_string(kMaxScriptOps) + " operations; split it");
        }
        script.ops.emplace_back();
        if (!ParseOp(script.ops.back())) return false;
      }
      cursor.SkipSpace();
    }
    if (!ParseEnd(cursor, script.end)) return false;
    program_.scripts.push_back(std::move(script));
    return true;
  }

  std::string_view text_;
  size_t next_ = 0;
  Line line_;
  static constexpr int kSettings = 6;
  bool seen_[kStreamCount][kSettings] = {};
  Program program_;
  bool failed_ = false;
  TextError error_;
};

}  // namespace

std::string PrintText(const Op& op) { return StatementText(op); }
std::string PrintText(const End& end) { return StatementText(end); }

namespace {

std::string SettingsText(const StreamSettings& settings, size_t stream) {
  std::string text;
  const auto line = [&](const std::string& setting) {
    text += (stream == 0 ? "" : StreamText(stream) + " ") + setting + "\n";
  };
  if (settings.highWaterMark.has_value()) line("highWaterMark " + NumberText(*settings.highWaterMark));
  if (settings.strategy != sim::Strategy::kAuthor) {
    line("strategy " + std::string(StrategyNames()[static_cast<int>(settings.strategy)]));
  }
  if (settings.byteLimit.has_value()) line("byteLimit " + std::to_string(*settings.byteLimit));
  if (settings.tickModel != core::TickModel::kWebIdl) {
    line("ticks " + std::string(TickModelNames()[static_cast<int>(settings.tickModel)]));
  }
  if (settings.methods != 0) {
    std::string methods = "methods";
    for (int i = 0; i < kMethodCount; ++i) {
      if (settings.has(static_cast<Method>(i))) methods += " " + std::string(MethodNames()[i]);
    }
    line(methods);
  }
  if (settings.shared != 0) {
    std::string shares = "shares";
    for (int i = 0; i < kSharedCount; ++i) {
      if (settings.shares(static_cast<Shared>(i))) shares += " " + std::string(SharedNames()[i]);
    }
    line(shares);
  }
  return text;
}

}  // namespace

std::string PrintText(const Program& program) {
  std::string text;
  const auto append = [&text](std::string_view before, const auto& statement) {
    text += before;
    AppendStatement(text, RowOf(statement.kind), statement.operands);
    text += '\n';
  };
  for (size_t stream = 0; stream < kStreamCount; ++stream) text += SettingsText(program.settings(stream), stream);
  for (const Script& script : program.scripts) {
    text += "on " + (script.stream == 0 ? "" : StreamText(script.stream) + " ") +
            std::string(CallKindNames()[static_cast<int>(script.call)]) + " ";
    if (!script.ops.empty()) {
      text += "{\n";
      for (const Op& op : script.ops) append("  ", op);
      text += "} ";
    }
    append("", script.end);
  }
  for (const Op& op : program.ops) append("", op);
  return text;
}

ParsedProgram ParseText(std::string_view text) { return Parser(text).Parse(); }

bool LooksLikeText(std::string_view data) {
  return !data.empty() && std::all_of(data.begin(), data.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 ? c != 0x7F : c == '\n' || c == '\r' || c == '\t';
  });
}

}  // namespace sluice::fuzz

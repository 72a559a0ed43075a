#include "fuzz/surface/surface_program.h"

#include <algorithm>
#include <iterator>
#include <random>

namespace sluice::fuzz {
namespace {

struct Parameter {
  char letter;  // what it is, in `Word::parameters`
  unsigned range;
  unsigned zero;  // in so many of a hundred random lines it is 0
};

constexpr Parameter kParameters[] = {
    {'r', 2, 70},   // realm
    {'t', 11, 60},  // new.target
    {'n', 12, 40},  // the index of a thing
    {'o', 13, 75},  // an odd receiver
    {'w', 2, 80},   // whether its promise is not observed
    {'s', 6, 40},   // how a dictionary is made
    {'b', 22, 25},  // what a sink's method does
    {'m', 18, 30},  // a highWaterMark
    {'z', 24, 20},  // a size function
    {'a', 8, 55},   // an action
    {'c', 16, 20},  // of a few
    {'g', 5, 55},   // how arguments are
    {'k', 36, 10},  // of many
};

// In `statement`, $1 is the first parameter.
struct Word {
  std::string_view word;
  std::string_view parameters;
  std::string_view statement;
};

constexpr Word kWords[] = {
    {"sink", "rsbbbbba", "sink($1, $2, [$3, $4, $5, $6, $7], $8)"},
    {"strategy", "rsmza", "strategy($1, $2, $3, $4, $5)"},
    {"stream", "rtnng", "construct($1, 'WritableStream', $2, stream$5($3, $4))"},
    {"count", "rtng", "construct($1, 'CountQueuingStrategy', $2, one$4('strategy', $3))"},
    {"bytes", "rtng", "construct($1, 'ByteLengthQueuingStrategy', $2, one$4('strategy', $3))"},
    {"writer", "rtng", "construct($1, 'WritableStreamDefaultWriter', $2, one$4('stream', $3))"},
    {"controller", "rtng", "construct($1, 'WritableStreamDefaultController', $2, one$4('stream', $3))"},
    {"lock", "nor", "call($3, 'WritableStream', 'getWriter', 'stream', $1, $2, [])"},
    {"locked", "nor", "call($3, 'WritableStream', 'locked', 'stream', $1, $2, [])"},
    {"sabort", "nngorw", "call($5, 'WritableStream', 'abort', 'stream', $1, $4, one$3('value', $2), $6)"},
    {"sclose", "norw", "call($3, 'WritableStream', 'close', 'stream', $1, $2, [], $4)"},
    {"write", "nnorw", "call($4, 'WritableStreamDefaultWriter', 'write', 'writer', $1, $3, [['value', $2]], $5)"},
    {"writes", "nnkr", "writes($4, $1, $2, $3 * 4)"},
    {"wabort", "nnorw", "call($4, 'WritableStreamDefaultWriter', 'abort', 'writer', $1, $3, [['value', $2]], $5)"},
    {"wclose", "norw", "call($3, 'WritableStreamDefaultWriter', 'close', 'writer', $1, $2, [], $4)"},
    {"release", "nor", "call($3, 'WritableStreamDefaultWriter', 'releaseLock', 'writer', $1, $2, [])"},
    {"desired", "nor", "call($3, 'WritableStreamDefaultWriter', 'desiredSize', 'writer', $1, $2, [])"},
    {"ready", "norw", "call($3, 'WritableStreamDefaultWriter', 'ready', 'writer', $1, $2, [], $4)"},
    {"closed", "norw", "call($3, 'WritableStreamDefaultWriter', 'closed', 'writer', $1, $2, [], $4)"},
    {"error", "nnor", "call($4, 'WritableStreamDefaultController', 'error', 'controller', $1, $3, [['value', $2]])"},
    {"signal", "nor", "call($3, 'WritableStreamDefaultController', 'signal', 'controller', $1, $2, [])"},
    {"countmark", "nor", "call($3, 'CountQueuingStrategy', 'highWaterMark', 'strategy', $1, $2, [])"},
    {"countsize", "nor", "call($3, 'CountQueuingStrategy', 'size', 'strategy', $1, $2, [])"},
    {"bytesmark", "nor", "call($3, 'ByteLengthQueuingStrategy', 'highWaterMark', 'strategy', $1, $2, [])"},
    {"bytessize", "nor", "call($3, 'ByteLengthQueuingStrategy', 'size', 'strategy', $1, $2, [])"},
    {"run", "", "run()"},
    {"settle", "nc", "settle($1, $2)"},
    {"chunk", "rck", "chunk($1, $2, $3)"},
    {"buffer", "rckk", "buffer($1, $2, $3 * 16, $4 * 16)"},
    {"view", "rcnac", "view($1, $2, $3, $4, $5)"},
    {"change", "nck", "change($1, $2, $3 * 16)"},
    {"mutate", "n", "mutate($1)"},
    {"aborter", "r", "construct($1, 'AbortController', 0, [])"},
    {"aabort", "nnor", "call($4, 'AbortController', 'abort', 'aborter', $1, $3, [['value', $2]])"},
    {"asignal", "nor", "call($3, 'AbortController', 'signal', 'aborter', $1, $2, [])"},
    {"listen", "cncr", "signal($1, $2, $3, $4)"},
    {"patch", "rkka", "patch($1, $2, $3, $4)"},
    {"patchall", "rk", "patchAll($1, $2)"},
    {"drop", "c", "drop($1)"},
    {"gc", "", "collect()"},
};
constexpr size_t kActions = 8;

const Word& Found(std::string_view word) {
  const auto found =
      std::find_if(std::begin(kWords), std::end(kWords), [&](const Word& each) { return each.word == word; });
  if (found != std::end(kWords)) return *found;
  return kWords[(word.empty() ? 0 : static_cast<unsigned char>(word[0])) % std::size(kWords)];
}

const Parameter& ParameterOf(char letter) {
  return *std::find_if(std::begin(kParameters), std::end(kParameters),
                       [&](const Parameter& each) { return each.letter == letter; });
}

unsigned Number(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a') + 10;
  return static_cast<unsigned char>(c);
}

char Digit(unsigned number) { return "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36]; }

std::string Argument(char letter, unsigned number) {
  number %= ParameterOf(letter).range;
  if (letter == 'r') return number == 0 ? "A" : "B";
  if (letter == 'w') return number == 0 ? "true" : "false";
  return std::to_string(number);
}

std::string_view TakeWord(std::string_view& line) {
  const size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

// Functions of the table that are named by a parameter: stream3 is the third way to give arguments.
std::string Statement(const Word& word, std::string_view given) {
  std::string statement;
  for (size_t i = 0; i < word.statement.size(); ++i) {
    if (word.statement[i] != '$') {
      statement += word.statement[i];
      continue;
    }
    const size_t which = static_cast<size_t>(word.statement[++i] - '1');
    const unsigned number = which < given.size() ? Number(given[which]) : 0;
    statement += Argument(word.parameters[which], number);
  }
  return statement;
}

std::string LineStatement(std::string_view line) {
  std::string_view word = TakeWord(line);
  unsigned action = 0;
  if (word == "on") {
    const std::string_view number = TakeWord(line);
    action = number.empty() ? 1 : 1 + (Number(number[0]) + kActions - 1) % kActions;
    word = TakeWord(line);
  }
  const std::string statement = Statement(Found(word), line);
  return action == 0 ? statement : "on(" + std::to_string(action) + ", () => " + statement + ")";
}

// ---- Random programs

using Random = std::mt19937_64;

unsigned Below(Random& random, size_t limit) { return static_cast<unsigned>(random() % std::max<size_t>(limit, 1)); }

char RandomParameter(Random& random, char letter) {
  const Parameter& parameter = ParameterOf(letter);
  return Digit(Below(random, 100) < parameter.zero ? 0 : Below(random, parameter.range));
}

std::string RandomLine(Random& random) {
  std::string line;
  if (Below(random, 100) < 12) line = std::string("on ") + Digit(1 + Below(random, kActions - 1)) + " ";
  Word word = kWords[Below(random, std::size(kWords))];
  // A collection takes as long as three programs.
  if (word.word == "gc" && Below(random, 8) != 0) word = kWords[0];
  line += word.word;
  if (!word.parameters.empty()) line += ' ';
  for (const char letter : word.parameters) line += RandomParameter(random, letter);
  return line;
}

std::vector<std::string> LinesOf(std::string_view text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::string TextOf(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// For lifetime_fuzzer; for api_surface_fuzzer a line as any other.
std::string RandomFault(Random& random) {
  constexpr const char* kFaults[] = {"collect", "terminate", "terminate-promise", "detach", "dispose"};
  // A disposal takes as long as ten of the others.
  const size_t kinds = Below(random, 8) == 0 ? std::size(kFaults) : std::size(kFaults) - 1;
  return std::string("fault ") + kFaults[Below(random, kinds)] + " " + std::to_string(1 + Below(random, 90)) +
         (Below(random, 3) == 0 ? " sticky" : "");
}

void MutateOnce(std::vector<std::string>& lines, Random& random) {
  const auto at = [&](size_t extra) { return lines.begin() + Below(random, lines.size() + extra); };
  switch (lines.empty() ? 0 : Below(random, 8)) {
    case 0:
    case 1:
      lines.insert(at(1), RandomLine(random));
      break;
    case 2:
      lines.erase(at(0));
      break;
    case 3: {
      const std::string line = *at(0);
      lines.insert(at(1), line);
      break;
    }
    case 4:
      std::swap(*at(0), *at(0));
      break;
    default: {
      std::string& line = *at(0);
      const size_t blank = line.rfind(' ');
      if (blank == std::string::npos || blank + 1 == line.size()) {
        line = RandomLine(random);
      } else {
        line[blank + 1 + Below(random, line.size() - blank - 1)] = Digit(Below(random, 24));
      }
    }
  }
}

}  // namespace

std::vector<std::string> SurfaceStatements(std::string_view text) {
  std::vector<std::string> statements;
  for (const std::string& line : LinesOf(text)) {
    if (statements.size() == kMostStatements) break;
    if (!line.empty() && line[0] != '#' && !line.starts_with("fault ")) statements.push_back(LineStatement(line));
  }
  return statements;
}

std::string RandomSurfaceProgram(uint64_t seed, size_t lines) {
  Random random(seed);
  std::vector<std::string> program;
  const auto add = [&](std::string_view word) {
    std::string line;
    while (line.substr(0, line.find(' ')) != word) line = RandomLine(random);
    program.push_back(line);
  };
  // Without a stream there is little to do.
  if (Below(random, 10) != 0) {
    add("sink");
    add("strategy");
    if (Below(random, 3) == 0) add("stream");
    program.push_back("stream 00110");
    if (Below(random, 4) != 0) program.push_back("lock 0");
    if (Below(random, 2) != 0) program.push_back("run");
  }
  for (size_t i = 0; i < lines; ++i) program.push_back(RandomLine(random));
  program.push_back("run");
  return TextOf(program);
}

std::string MutateSurfaceProgram(std::string_view text, uint64_t seed) {
  Random random(seed);
  if (text.size() < 4) return RandomSurfaceProgram(random(), 6);
  std::vector<std::string> lines = LinesOf(text);
  for (unsigned i = 1 + Below(random, 3); i > 0; --i) MutateOnce(lines, random);
  // Where there are faults, there is another one half of the time.
  for (std::string& line : lines) {
    if (line.starts_with("fault ") && Below(random, 2) == 0) line = RandomFault(random);
  }
  return TextOf(lines);
}

std::string CrossOverSurfacePrograms(std::string_view a, std::string_view b, uint64_t seed) {
  Random random(seed);
  std::vector<std::string> lines = LinesOf(a);
  const std::vector<std::string> others = LinesOf(b);
  lines.resize(lines.size() - Below(random, lines.size() + 1));
  const size_t from = Below(random, others.size() + 1);
  lines.insert(lines.end(), others.begin() + static_cast<ptrdiff_t>(from), others.end());
  return TextOf(lines);
}

}  // namespace sluice::fuzz

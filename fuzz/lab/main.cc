// The `sluice-fuzz` command: the testbed's tools. The only file that knows the command line.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/lab/commands.h"
#include "fuzz/lab/compare_commands.h"
#include "fuzz/lab/decisive_command.h"
#include "fuzz/lab/explore_command.h"
#ifdef SLUICE_MUTANTS
#include "fuzz/lab/mutant_tests_command.h"
#include "fuzz/lab/mutants_command.h"
#endif
#include "fuzz/lab/observable_commands.h"
#include "fuzz/lab/shrink_command.h"
#include "fuzz/lab/state_coverage_command.h"
#include "fuzz/lab/steps_command.h"
#include "fuzz/lab/varying_command.h"
#include "src/shell/standard_streams.h"

namespace {

// CLI11 takes -1 and numbers that are too large for 64 bits for some other number.
const CLI::Validator kWholeNumber(
    [](std::string& text) {
      uint64_t number = 0;
      const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
      const bool good = result.ec == std::errc() && result.ptr == text.data() + text.size();
      return good ? std::string() : text + ": must be a whole number from 0 to 18446744073709551615";
    },
    "NUMBER", "whole number");

void AddExploreCommand(CLI::App& app, sluice::lab::ExploreFlags& flags, int& result) {
  CLI::App* explore = app.add_subcommand("explore", "Walk every state of the core within bounds, judging every edge");
  const auto list = [explore](const char* name, auto& words, const char* meaning) {
    explore->add_option(name, words, meaning)->delimiter(',')->group("Configurations");
  };
  explore->add_flag("--deep", flags.deep, "The families that take an hour, instead of the default ones");
  explore->add_option("--family", flags.families, "Only these families")->delimiter(',');
  list("--sink", flags.sinks, "Sinks: all, none, or methods as start+write+close+abort");
  list("--size", flags.sizes, "Whether there is size(): yes, no");
  list("--listener", flags.listeners, "Whether start() puts a listener on the signal: yes, no");
  list("--high-water-mark", flags.high_water_marks, "Numbers");
  list("--ticks", flags.ticks, "Tick models: webidl, promise-resolve, promise-resolve-start");
  list("--byte-limit", flags.byte_limits, "Bytes, of which each chunk has one, or none");
  list("--observed", flags.observed, "Whether the author reacts to returned promises: yes, no");
  list("--watched", flags.watched, "Whether the author may react to ready and closed: yes, no");
  list("--undefined-reasons", flags.undefined_reasons, "Whether reasons may be undefined: yes, no");
  list("--second-sink", flags.second_sinks,
       "Sinks of a second stream, as --sink; without this and --shares there is none");
  list("--shares", flags.shares, "What the second stream has of the first: nothing, sink, strategy, sink+strategy");
  const auto bound = [explore](const char* name, std::optional<uint32_t>& value, uint32_t last, const char* meaning) {
    explore->add_option(name, value, meaning)->check(CLI::Range(0u, last))->group("Bounds");
  };
  bound("--queue", flags.queue, 20, "Entries in the queue, from which on nothing is written");
  bound("--writers", flags.writers, 4, "Names of writers");
  bound("--reentry", flags.reentry, 8, "Author functions on the stack, from which on they perform no operation");
  bound("--inside", flags.inside, 8, "Operations of author functions inside one edge");
  bound("--microtasks", flags.microtasks, 20, "Microtasks in the queue, from which on they run first");
  explore->add_flag("--checkpoints", flags.checkpoints, "Microtasks run all at once")->group("Bounds");
  explore->add_flag("--thenables", flags.thenables, "Author functions may return thenables")->group("Bounds");
  explore->add_option("--size-returns", flags.size_returns, "What size() may return: numbers, undefined")
      ->delimiter(',')
      ->group("Bounds");
  explore->add_flag_callback(
      "--no-judge", [&flags] { flags.judge = false; }, "Only count, and check asserts");
  explore->add_flag("--canary", flags.canary, "The core with canary_fuzzer's planted fault");
  explore->add_option("--threads", flags.threads, "Default: as many as there are cores")->check(CLI::Range(1u, 256u));
  explore->add_option("--seed", flags.seed, "Of the states' hashes and of random walks")->check(kWholeNumber);
  explore->add_option("--seconds", flags.seconds, "Stop after so many")->check(kWholeNumber);
  explore->add_option("--checkpoint", flags.checkpoint, "Go on from this file, and write it when stopped (Ctrl-C)");
  explore->add_option("--to", flags.to, "Print the shortest program to a state: \"state=erroring, microtasks=0\"");
  explore->add_option("--dot", flags.dot, "Write the graph to this file, for Graphviz");
  explore->add_option("--page", flags.page, "Write the graph to this file, as a page with a search");
  explore->add_option("--traces", flags.traces, "Write every edge's program to this file or -, for compare-traces");
  explore->add_option("--expect", flags.expect, "Fail if the counts are not those in this file");
  explore->add_option("--walks", flags.walks, "Check by random walks that states taken for one are one")
      ->check(kWholeNumber);
  explore->callback([&flags, &result] { result = sluice::lab::Explore(flags); });
}

#ifdef SLUICE_MUTANTS
void AddMutantsCommands(CLI::App& app, int& result) {
  static sluice::lab::MutantsFlags flags;
  CLI::App* mutants = app.add_subcommand("mutants", "Which mutants of the core the oracles tell from it");
  mutants->add_option("--only", flags.only, "Only these numbers")->delimiter(',');
  mutants->add_option("--family", flags.families, "Families of explore, instead of those for mutants")->delimiter(',');
  mutants->add_option("--results", flags.results, "Write a line of JSON for each; what is decided there stays");
  mutants->add_flag("--list", flags.list, "Print numbers and names");
  mutants->callback([&result] { result = sluice::lab::Mutants(flags); });

  static sluice::lab::MutantTestsFlags tests_flags;
  CLI::App* tests = app.add_subcommand("mutant-tests", "Write programs as JavaScript that show mutants of the core");
  tests->add_option("--only", tests_flags.only, "These mutants, by number")->delimiter(',')->required();
  tests->add_option("--fatal", tests_flags.fatal, "Those of them that end the process")->delimiter(',');
  tests->add_option("--programs", tests_flags.programs, "Files with programs that may show some of them");
  tests->add_option("--out", tests_flags.out, "A line of JSON for each program that shows one")->required();
  tests->callback([&result] { result = sluice::lab::MutantTests(tests_flags); });
}
#endif

}  // namespace

int main(int argc, char** argv) {
  using namespace sluice::lab;
  sluice::shell::HoldStandardStreams();
  // A verdict does not depend on who reads it.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App app{"Sluice's testbed: programs of stream operations, and what they do"};
  app.name("sluice-fuzz");
  app.require_subcommand(1);
  app.footer("Exit codes: 0 it passes, 1 something was found, 2 it could not be read or the command line is wrong.");

  int result = 0;
  std::string path;
  std::string out;
  std::vector<std::string> paths;
  bool flag = false;
  uint64_t seed = 1;
  std::string profile = "balanced";

  CLI::App* show = app.add_subcommand("show", "Print a program as text, from text or bytes");
  show->add_option("file", path, "A corpus or crash file")->required();
  show->add_option("--bytes", out, "Write the byte form to this file instead");
  show->callback([&] { result = Show(path, out); });

  CLI::App* trace = app.add_subcommand("trace", "Run a program on the core and print what happens");
  trace->add_option("file", path, "A corpus or crash file")->required();
  trace->add_flag("--slots", flag, "Print the stream's slots after each step too");
  Traced traced = Traced::kCore;
  CLI::Option* const model = trace->add_flag_callback(
      "--model", [&traced] { traced = Traced::kModel; }, "On the reference model instead");
  trace
      ->add_flag_callback(
          "--canary", [&traced] { traced = Traced::kCanary; }, "On the core with canary_fuzzer's planted fault instead")
      ->excludes(model);
  trace->callback([&] { result = TraceCommand(path, flag, traced); });

  CLI::App* steps = app.add_subcommand("steps", "Run a program and print each step with the slots, as JSON");
  steps->add_option("file", path, "A corpus or crash file")->required();
  CLI::Option* const steps_model = steps->add_flag_callback(
      "--model", [&traced] { traced = Traced::kModel; }, "On the reference model instead of the core");
  steps
      ->add_flag_callback(
          "--canary", [&traced] { traced = Traced::kCanary; }, "On the core with canary_fuzzer's planted fault instead")
      ->excludes(steps_model);
  steps->callback([&] { result = StepsCommand(path, traced); });

  bool judges_canary = false;
  CLI::App* decisive = app.add_subcommand(
      "decisive", "Print after which operation of a failing program its finding is nearly certain, as JSON");
  decisive->add_option("file", path, "A crash file")->required();
  decisive->add_flag("--canary", judges_canary, "Judge the core with canary_fuzzer's planted fault");
  decisive->callback([&] { result = DecisiveCommand(path, judges_canary ? Judged::kCanary : Judged::kCore); });

  Judged judged = Judged::kCore;
  const auto add_judged = [&judged](CLI::App* command) {
    CLI::Option* const canary = command->add_flag_callback(
        "--canary", [&judged] { judged = Judged::kCanary; }, "Judge the core with canary_fuzzer's planted fault");
    command
        ->add_flag_callback(
            "--v8", [&judged] { judged = Judged::kV8; }, "Judge the core in V8")
        ->excludes(canary);
  };

  CLI::App* varying = app.add_subcommand("varying", "Print which values of a failing program do not matter, as JSON");
  varying->add_option("file", path, "A crash file")->required();
  varying->add_flag("--canary", judges_canary, "Judge the core with canary_fuzzer's planted fault");
  varying->callback([&] { result = VaryingCommand(path, judges_canary ? Judged::kCanary : Judged::kCore); });

  ReproOptions reproduced;
  CLI::App* repro = app.add_subcommand("repro", "Run programs under every oracle and report what breaks");
  repro->add_option("files", reproduced.paths, "Corpus or crash files")->required();
  add_judged(repro);
  repro->add_option("--finding", reproduced.finding, "Of several findings, report the one with this key or rule");
  repro->add_option("--seconds", reproduced.seconds, "A program that takes longer fails; default: no limit")
      ->check(CLI::Range(0u, 86400u));
  repro->add_flag("--json", reproduced.as_json,
                  "Print a JSON object on a line for each program that fails (fuzz/oracle/finding.schema.json)");
  repro->callback([&] {
    reproduced.judged = judged;
    result = Repro(reproduced);
  });

  ShrinkOptions shrunk;
  CLI::App* shrink = app.add_subcommand("shrink", "Find the smallest program with the same finding");
  shrink->add_option("file", shrunk.path, "A crash file")->required();
  shrink->add_option("-o,--out", shrunk.out, "Write it to this file instead of standard output");
  add_judged(shrink);
  shrink->add_option("--finding", shrunk.finding,
                     "Of several findings, keep the one with this key or rule; default: the first");
  shrink->add_option("--command", shrunk.command,
                     "For what ends the process: a shell command that runs the files it is given, in order, and prints "
                     "which of them, from 1, is the first that still fails in the same way, or 0");
  shrink->add_option("--batch", shrunk.batch, "How many files the command is given at most")
      ->check(kWholeNumber)
      ->capture_default_str();
  shrink->add_option("--executions", shrunk.executions, "How many candidates the command gets at most")
      ->check(kWholeNumber)
      ->capture_default_str();
  shrink->add_flag("--bytes", shrunk.bytes, "The file is no program: shrink its bytes");
  shrink->callback([&] {
    shrunk.judged = judged;
    shrunk.batch = std::max<size_t>(shrunk.batch, 1);
    result = ShrinkCommand(shrunk);
  });

  CLI::App* state_coverage =
      app.add_subcommand("state-coverage", "Print which states of the stream programs go through, as JSON");
  state_coverage->add_option("paths", paths, "Corpus files, or folders of them")->required();
  state_coverage->callback([&] { result = StateCoverage(paths); });

  CLI::App* emit = app.add_subcommand("emit", "Print a program as JavaScript that runs on any WritableStream");
  EmitOptions emitted;
  emit->add_option("file", emitted.path, "A corpus or crash file")->required();
  emit->add_option(
          "--format", emitted.format,
          "js: straight-line code that exits with 1 where the runtime differs; wpt: the same as a test of the web "
          "platform tests; suite: the same as a test of tests/suite; interpreter: a script that prints the trace; "
          "json: "
          "the data for fuzz/program/driver.js")
      ->check(CLI::IsMember({"js", "wpt", "suite", "interpreter", "json"}))
      ->capture_default_str();
  emit->add_option("--ticks", emitted.ticks, "js, wpt, suite: the tick model of the runtime")
      ->check(CLI::IsMember({"webidl", "promise-resolve", "promise-resolve-start"}))
      ->capture_default_str();
  emit->add_option("--log", emitted.log,
                   "js, wpt, suite: what is compared; of calls, results, reads, end, with commas between")
      ->capture_default_str();
  emit->add_option("--title", emitted.title, "js, wpt, suite: the title; the program's own first comment by default");
  emit->callback([&] { result = Emit(emitted); });

  app.add_subcommand("language", "Print the program language")->callback([&] { result = Language(); });
  app.add_subcommand("dictionary", "Print a fuzzing dictionary of the language's text")->callback([&] {
    result = Dictionary();
  });

  CLI::App* random = app.add_subcommand("random", "Print a random program");
  random->add_option("--seed", seed, "Which one")->check(kWholeNumber)->capture_default_str();
  random->add_option("--profile", profile, "What it is made of")
      ->check(CLI::IsMember({"balanced", "reentrancy", "buffer_limit"}))
      ->capture_default_str();
  random->callback([&] { result = RandomCommand(seed, profile); });

  uint64_t count = 100;
  CLI::App* conformance =
      app.add_subcommand("conformance", "Run random programs on the core in V8, under every oracle");
  conformance->add_option("--seed", seed, "The first of them")->check(kWholeNumber)->capture_default_str();
  conformance->add_option("--count", count, "How many; each in all three tick models")
      ->check(kWholeNumber)
      ->capture_default_str();
  conformance->add_option("--profile", profile, "What they are made of")
      ->check(CLI::IsMember({"balanced", "reentrancy", "buffer_limit"}))
      ->capture_default_str();
  conformance->callback([&] { result = Conformance(seed, count, profile); });

  CLI::App* batch =
      app.add_subcommand("batch", "Print programs with the core's traces as JSON lines (for scripts/diff)");
  BatchOptions batched;
  batch->add_option("files", batched.paths, "Corpus files; without any, random programs");
  batch->add_option("--seed", batched.seed, "The first random program")->check(kWholeNumber)->capture_default_str();
  batch->add_option("--count", batched.count, "How many random programs")->check(kWholeNumber)->capture_default_str();
  batch->add_option("--profile", batched.profile, "What they are made of")
      ->check(CLI::IsMember({"balanced", "reentrancy", "buffer_limit"}))
      ->capture_default_str();
  batch->add_flag("--mutate", batched.mutate, "Mutations of the files instead of the files")->needs("files");
  batch->add_flag("--for-sluice", batched.for_sluice,
                  "Programs with byte limits and tick models too, which only `sluice run` knows");
  batch->add_flag("--at-rest", batched.at_rest, "Programs that wait for all microtasks wherever they wait for some");
  batch->callback([&] { result = Batch(batched); });

  CLI::App* dialog =
      app.add_subcommand("shrink-dialog", "Shrink programs by what another process answers (for scripts/diff)");
  dialog->callback([&] { result = ShrinkDialog(); });

  ExploreFlags explore;
  AddExploreCommand(app, explore, result);
  bool compares_canary = false;
  CLI::App* compare_traces = app.add_subcommand(
      "compare-traces", "Read explore's --traces, and print the first program that this build runs otherwise");
  compare_traces->add_flag("--canary", compares_canary, "The core with canary_fuzzer's planted fault");
  compare_traces->callback([&] { result = CompareTraces(stdin, compares_canary); });
#ifdef SLUICE_MUTANTS
  AddMutantsCommands(app, result);
#endif

  if (argc > 1 && argv[1][0] != '-' &&
      app.get_subcommands([&](CLI::App* one) { return one->check_name(argv[1]); }).empty()) {
    std::fprintf(stderr, "sluice-fuzz: unknown command %s; see sluice-fuzz --help\n", argv[1]);
    return kExitUnreadable;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (app.exit(error) != 0) return kExitUnreadable;  // otherwise it has printed help
  }
  const bool is_lost = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
  if (!is_lost || sluice::shell::NobodyReadsStandardOutput()) return result;
  std::fprintf(stderr, "sluice-fuzz: standard output cannot be written: %s\n", std::strerror(errno));
  return result == kExitOk ? kExitUnreadable : result;
}

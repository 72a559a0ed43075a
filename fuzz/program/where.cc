#include "fuzz/program/where.h"

namespace sluice::fuzz {

const std::vector<Op>& Epilogue() {
  static const std::vector<Op>* const ops = [] {
    auto* list = new std::vector<Op>{{OpKind::kRun, {}}, {OpKind::kReadStream, {}}};
    for (uint8_t writer = 0; writer < kWriterCount; ++writer)
      list->push_back({OpKind::kReadWriter, {.writer = writer}});
    for (uint8_t stream = 1; stream < kStreamCount; ++stream)
      list->push_back({OpKind::kReadStream, {.stream = stream}});
    return list;
  }();
  return *ops;
}

const Op& OpAt(const Program& program, Where where) {
  if (where.script == Where::kMain) return program.ops[where.op];
  if (where.script == Where::kEpilogue) return Epilogue()[where.op];
  return program.scripts[where.script].ops[where.op];
}

}  // namespace sluice::fuzz

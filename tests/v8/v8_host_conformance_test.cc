#include "fuzz/v8/v8_subject.h"
#include "tests/host_conformance.h"

namespace sluice::testing {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(V8Host, HostConformance, fuzz::V8Subject);

}  // namespace
}  // namespace sluice::testing

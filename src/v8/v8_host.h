#ifndef SLUICE_V8_V8_HOST_H_
#define SLUICE_V8_V8_HOST_H_

namespace sluice::binding {

class IsolateData;

class V8Host {
 public:
  explicit V8Host(IsolateData&) {}
};

}  // namespace sluice::binding

#endif  // SLUICE_V8_V8_HOST_H_

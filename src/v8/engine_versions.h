// Where the versions of V8 that Sluice is built with differ: 10.2 (Debian 12, Ubuntu 24.04) and 11.3 (Debian 13). The
// only file that may ask for V8's version.
#ifndef SLUICE_V8_ENGINE_VERSIONS_H_
#define SLUICE_V8_ENGINE_VERSIONS_H_

#include <v8-inspector.h>
#include <v8-version.h>

#include <memory>

namespace sluice::binding {

// Opens a session of the inspector that is trusted: it runs in this process, and nobody else can reach it. V8 10.2
// knows no other kind; later versions require the level.
inline std::unique_ptr<v8_inspector::V8InspectorSession> Connect(v8_inspector::V8Inspector& inspector,
                                                                 int context_group,
                                                                 v8_inspector::V8Inspector::Channel* channel,
                                                                 v8_inspector::StringView state) {
#if V8_MAJOR_VERSION > 10 || (V8_MAJOR_VERSION == 10 && V8_MINOR_VERSION > 2)
  return inspector.connect(context_group, channel, state, v8_inspector::V8Inspector::kFullyTrusted);
#else
  return inspector.connect(context_group, channel, state);
#endif
}

}  // namespace sluice::binding

#endif  // SLUICE_V8_ENGINE_VERSIONS_H_

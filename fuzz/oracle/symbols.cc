#include "fuzz/oracle/symbols.h"

#include <array>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define SLUICE_CAN_SYMBOLIZE 1
#endif
#endif

namespace sluice::fuzz {

bool CanSymbolize() {
#ifdef SLUICE_CAN_SYMBOLIZE
  return true;
#else
  return false;
#endif
}

std::string Symbolized(const void* address, const char* format) {
#ifdef SLUICE_CAN_SYMBOLIZE
  std::array<char, 2048> text{};
  // It takes a return address, and looks at what is before it. It writes one string behind the other.
  void* const behind = static_cast<char*>(const_cast<void*>(address)) + 1;
  __sanitizer_symbolize_pc(behind, format, text.data(), text.size());
  return text.data();
#else
  static_cast<void>(address), static_cast<void>(format);
  return "";
#endif
}

std::string_view BareName(std::string_view function) {
  function = function.substr(0, function.find('('));
  const size_t colon = function.rfind(':');
  if (colon != std::string_view::npos) function.remove_prefix(colon + 1);
  return function;
}

}  // namespace sluice::fuzz

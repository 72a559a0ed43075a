#ifndef SLUICE_RUNTIME_MODULE_LOADER_H_
#define SLUICE_RUNTIME_MODULE_LOADER_H_
namespace sluice::runtime {
class ModuleLoader {};
}  // namespace sluice::runtime
#endif  // SLUICE_RUNTIME_MODULE_LOADER_H_

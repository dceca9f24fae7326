#include "cuda_module.h"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace infinitile {

CudaModule::CudaModule(const std::string& image, std::shared_ptr<const CudaContext> context)
    : context_(std::move(context)) {
  const CudaContext::Scope scope(*context_);
  scope.require();
  const CudaDriver& driver = context_->driver();
  std::array<char, 4096> log{};
  int options[] = {cuda::kJitErrorLogBuffer, cuda::kJitErrorLogBufferSizeBytes};
  void* values[] = {log.data(), reinterpret_cast<void*>(std::uintptr_t{log.size()})};
  // The string ends in a zero byte, which PTX needs.
  const cuda::Result result = driver.moduleLoadDataEx(&module_, image.c_str(), 2, options, values);
  const std::string reason = log.data();
  driver.check(result, "loading a module of " + std::to_string(image.size()) + " bytes" +
                           (reason.empty() ? "" : " (" + reason + ")"));
}

CudaModule::~CudaModule() {
  const CudaContext::Scope scope(*context_);
  if (scope.entered()) context_->driver().moduleUnload(module_);
}

Kernel& CudaModule::require(const std::string& name) {
  const auto found = kernels_.find(name);
  if (found != kernels_.end()) return found->second;
  const CudaContext::Scope scope(*context_);
  scope.require();
  const CudaDriver& driver = context_->driver();
  cuda::Function function = nullptr;
  const cuda::Result result = driver.moduleGetFunction(&function, module_, name.c_str());
  if (result == cuda::kErrorNotFound) throw std::runtime_error("the module has no kernel '" + name + "'");
  driver.check(result, "finding kernel '" + name + "'");
  Kernel kernel;
  kernel.name = name;
  kernel.function = function;
  readParameters(kernel);
  return kernels_.emplace(name, std::move(kernel)).first->second;
}

void CudaModule::readParameters(Kernel& kernel) const {
  const CudaDriver& driver = context_->driver();
  if (!driver.functionGetParameter) return;
  const auto function = static_cast<cuda::Function>(kernel.function);
  std::size_t offset = 0;
  std::size_t bytes = 0;
  while (driver.functionGetParameter(function, kernel.parameterBytes.size(), &offset, &bytes) == cuda::kSuccess)
    kernel.parameterBytes.push_back(bytes);
  kernel.parametersKnown = true;
}

}  // namespace infinitile

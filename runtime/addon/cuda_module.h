#pragma once

#include <map>
#include <memory>
#include <string>

#include "cuda_context.h"
#include "module.h"

namespace infinitile {

/** A cubin in a GPU's context. */
class CudaModule final : public Module {
 public:
  CudaModule(const std::string& image, std::shared_ptr<const CudaContext> context);
  ~CudaModule() override;

  Kernel& require(const std::string& name) override;

 private:
  void readParameters(Kernel& kernel) const;

  std::shared_ptr<const CudaContext> context_;
  cuda::Module module_ = nullptr;
  std::map<std::string, Kernel> kernels_;
};

}  // namespace infinitile

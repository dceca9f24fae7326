#pragma once

#include <memory>
#include <string>

#include "cuda_context.h"
#include "device.h"

namespace infinitile {

/** One GPU: the primary context, one stream. */
class CudaDevice final : public Device {
 public:
  CudaDevice(std::shared_ptr<const CudaDriver> driver, int ordinal);
  ~CudaDevice() override;

  std::shared_ptr<Buffer> allocate(std::size_t bytes) override;
  std::shared_ptr<Module> loadModule(const ModuleSource& source) override;
  TensorMap encodeTensorMap(const TiledMatrix& matrix) const override;
  void write(Buffer& buffer, std::size_t offset, const void* source, std::size_t bytes) override;
  void read(const Buffer& buffer, std::size_t offset, void* target, std::size_t bytes) override;
  double run(const CommandList& list, const std::atomic<bool>& cancelled) override;

 private:
  /** Runs `work` in the context. When it throws: waits for what is under way, and says so if the context is lost. */
  template <class Work>
  auto guarded(Work&& work);
  void issue(const CommandList& list, std::size_t index);
  void launch(const Launch& launch, const std::string& what);
  const CudaDriver& driver() const { return context_->driver(); }

  std::shared_ptr<const CudaContext> context_;
  cuda::Stream stream_ = nullptr;
  cuda::Event begin_ = nullptr;
  cuda::Event end_ = nullptr;
};

}  // namespace infinitile

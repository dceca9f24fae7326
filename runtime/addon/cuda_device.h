#pragma once

#include <memory>
#include <string>
#include <vector>

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
  void write(Buffer& buffer, std::size_t offset, const void* source, std::size_t bytes) override;
  void read(const Buffer& buffer, std::size_t offset, void* target, std::size_t bytes) override;
  double run(const CommandList& list, const std::atomic<bool>& cancelled) override;
  std::vector<double> profile(const CommandList& list, const std::atomic<bool>& cancelled) override;

 private:
  /** Runs `work` in the context. When it throws: waits for what is under way, and says so if the context is lost. */
  template <class Work>
  auto guarded(Work&& work);
  /** Issues one command, and tells what an earlier one did to the context if that is why it fails. */
  void issueNext(const CommandList& list, std::size_t index, const std::atomic<bool>& cancelled);
  void issue(const CommandList& list, std::size_t index);
  /** Waits for a list whose last call returned `issued`. */
  void finish(const CommandList& list, cuda::Result issued);
  void launch(const Launch& launch, const std::string& what);
  const CudaDriver& driver() const { return context_->driver(); }

  std::shared_ptr<const CudaContext> context_;
  cuda::Stream stream_ = nullptr;
  cuda::Event begin_ = nullptr;
  cuda::Event end_ = nullptr;
};

}  // namespace infinitile

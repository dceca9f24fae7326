#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "cuda_context.h"
#include "cuda_events.h"
#include "cuda_messages.h"
#include "cuda_staging.h"
#include "cuda_stream.h"
#include "device.h"

namespace infinitile {

/** One GPU: the primary context, one stream. */
class CudaDevice final : public Device {
 public:
  CudaDevice(std::shared_ptr<const CudaDriver> driver, int ordinal);
  ~CudaDevice() override;

  const std::shared_ptr<const CudaContext>& context() const { return context_; }

  std::shared_ptr<Buffer> allocate(std::size_t bytes) override;
  std::shared_ptr<Module> loadModule(const ModuleSource& source) override;
  TensorMap encodeTensorMap(const TiledMatrix& matrix) const override;
  void write(Buffer& buffer, std::size_t offset, const void* source, std::size_t bytes) override;
  void read(const Buffer& buffer, std::size_t offset, void* target, std::size_t bytes) override;
  double run(const CommandList& list, unsigned char* outputs, const std::atomic<bool>& cancelled) override;
  double runPrepared(CommandList& list, unsigned char* outputs, const std::atomic<bool>& cancelled) override;
  std::vector<double> profile(const CommandList& list, unsigned char* outputs,
                              const std::atomic<bool>& cancelled) override;
  bool reaches(const Device& other) const override;

 private:
  /** Runs `work` in the context. When it throws: waits for what is under way, and says so if the context is lost. */
  template <class Work>
  auto guarded(Work&& work);
  /** A list under way. */
  struct Progress {
    unsigned char* staging;
    std::size_t staged = 0;
    std::size_t clocks = 0;
  };
  double runPatiently(const CommandList& list, std::chrono::milliseconds patience, unsigned char* outputs,
                      const std::atomic<bool>& cancelled);
  Progress begin(const CommandList& list);
  /** Issues one command, and tells what an earlier one did to the context if that is why it fails. */
  void issueNext(const CommandList& list, std::size_t index, Progress& progress, const std::atomic<bool>& cancelled);
  void issue(const CommandList& list, std::size_t index, Progress& progress, const std::atomic<bool>& cancelled);
  cuda::Result launch(const Launch& launch);
  /** Waits for a list whose last call returned `issued`, and hands out what it read, and its times. */
  void finish(const CommandList& list, cuda::Result issued, std::chrono::milliseconds patience, const unsigned char* staging,
              unsigned char* outputs, const std::atomic<bool>& cancelled);
  void deliver(const CommandList& list, const unsigned char* staging, unsigned char* outputs);
  double milliseconds(cuda::Event begin, cuda::Event end);
  /**
   * Waits for everything that the device has under way, and returns what the context says then. Messages that cannot come to their end
   * are given up. Others who share the GPU are not waited for: they may wait for this rank.
   */
  cuda::Result synchronize();
  const CudaDriver& driver() const { return context_->driver(); }

  std::shared_ptr<const CudaContext> context_;
  /** Whether lists that are prepared run as graphs. */
  const bool recordsLists_;
  CudaStream stream_;
  cuda::Event begin_ = nullptr;
  cuda::Event end_ = nullptr;
  CudaEvents clocks_;
  CudaStaging staging_;
  CudaMessages messages_;
};

}  // namespace infinitile

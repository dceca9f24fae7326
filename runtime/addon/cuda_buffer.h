#pragma once

#include <memory>

#include "buffer.h"
#include "cuda_context.h"
#include "memory_meter.h"

namespace infinitile {

/** Memory of a GPU, aligned to 256 bytes by the driver. */
class CudaBuffer final : public Buffer {
 public:
  CudaBuffer(std::size_t bytes, std::shared_ptr<const CudaContext> context, std::shared_ptr<MemoryMeter> meter);
  ~CudaBuffer() override;

  std::uint64_t address() const override { return pointer_; }

 private:
  std::shared_ptr<const CudaContext> context_;
  std::shared_ptr<MemoryMeter> meter_;
  cuda::DevicePointer pointer_ = 0;
};

}  // namespace infinitile

#include "cuda_buffer.h"

#include <string>
#include <utility>

#include "errors.h"

namespace infinitile {

CudaBuffer::CudaBuffer(std::size_t bytes, std::shared_ptr<const CudaContext> context, std::shared_ptr<MemoryMeter> meter)
    : Buffer(bytes), context_(std::move(context)), meter_(std::move(meter)) {
  const CudaContext::Scope scope(*context_);
  scope.require();
  const CudaDriver& driver = context_->driver();
  // The driver refuses to allocate nothing.
  const cuda::Result result = driver.memAlloc(&pointer_, bytes > 0 ? bytes : 1);
  if (result == cuda::kErrorOutOfMemory) {
    std::size_t free = 0;
    std::size_t total = 0;
    std::string left;
    if (driver.memGetInfo(&free, &total) == cuda::kSuccess)
      left = " (" + std::to_string(free) + " of " + std::to_string(total) + " bytes are free)";
    throw OutOfMemory("not enough device memory for a buffer of " + std::to_string(bytes) + " bytes" + left + ": " +
                      driver.explain(result));
  }
  driver.check(result, "allocating " + std::to_string(bytes) + " bytes");
  meter_->add(bytes);
}

CudaBuffer::~CudaBuffer() {
  const CudaContext::Scope scope(*context_);
  // A lost context has freed its memory by itself, and says so here.
  if (scope.entered()) context_->driver().memFree(pointer_);
  meter_->remove(bytes());
}

}  // namespace infinitile

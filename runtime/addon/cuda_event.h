#pragma once

#include <memory>

#include "cuda_context.h"

namespace infinitile {

/** A moment on a stream, which other streams can wait for. Every method within a context, of any GPU but for `record`. */
class CudaEvent {
 public:
  explicit CudaEvent(std::shared_ptr<const CudaContext> context);
  ~CudaEvent();
  CudaEvent(const CudaEvent&) = delete;
  CudaEvent& operator=(const CudaEvent&) = delete;

  /** After what the stream has so far. */
  void record(cuda::Stream stream);
  /** What the stream gets from now on waits for the last record. */
  void holdBack(cuda::Stream stream) const;
  bool reached() const;
  /** The host waits for it. */
  void wait() const;

 private:
  std::shared_ptr<const CudaContext> context_;
  cuda::Event event_ = nullptr;
};

}  // namespace infinitile

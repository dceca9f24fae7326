#pragma once

#include <string>

#include "cuda_driver.h"

namespace infinitile {

/** The stream of a device. Every method within the context. */
class CudaStream {
 public:
  CudaStream() = default;
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  /** Throws; `what` is being done then. */
  void open(const CudaDriver& driver, const std::string& what);
  void release(const CudaDriver& driver);

  cuda::Stream handle() const { return stream_; }
  /**
   * Waits until everything on the stream is done, which is expected to take so many milliseconds, and returns what went wrong
   * there, if anything did.
   */
  cuda::Result wait(const CudaDriver& driver, double expected = 0) const;

 private:
  cuda::Stream stream_ = nullptr;
  /** Whoever waits for it sleeps. */
  cuda::Event reached_ = nullptr;
};

}  // namespace infinitile

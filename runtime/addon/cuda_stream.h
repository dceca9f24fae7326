#pragma once

#include <chrono>
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
  /** So long a wait asks before it sleeps: waking up takes too long after short work, and a core is free for others in long work. */
  static constexpr std::chrono::milliseconds kPatience{2};
  /**
   * Waits until everything on the stream is done, and returns what went wrong there, if anything did. `patience`: how long it asks
   * before it sleeps.
   */
  cuda::Result wait(const CudaDriver& driver, std::chrono::milliseconds patience = kPatience) const;

 private:
  cuda::Stream stream_ = nullptr;
  /** Whoever waits for it sleeps. */
  cuda::Event reached_ = nullptr;
};

}  // namespace infinitile

#include "cuda_stream.h"

#include <chrono>

namespace infinitile {

void CudaStream::open(const CudaDriver& driver, const std::string& what) {
  driver.check(driver.streamCreate(&stream_, cuda::kStreamNonBlocking), what);
  driver.check(driver.eventCreate(&reached_, cuda::kEventBlockingSync | cuda::kEventDisableTiming), what);
}

void CudaStream::release(const CudaDriver& driver) {
  if (reached_) driver.eventDestroy(reached_);
  if (stream_) driver.streamDestroy(stream_);
  reached_ = nullptr;
  stream_ = nullptr;
}

cuda::Result CudaStream::wait(const CudaDriver& driver, std::chrono::milliseconds patience) const {
  using Time = std::chrono::steady_clock;
  const Time::time_point sleepAt = Time::now() + patience;
  do {
    const cuda::Result result = driver.streamQuery(stream_);
    if (result != cuda::kErrorNotReady) return result;
  } while (Time::now() < sleepAt);
  const cuda::Result recorded = driver.eventRecord(reached_, stream_);
  return recorded == cuda::kSuccess ? driver.eventSynchronize(reached_) : recorded;
}

}  // namespace infinitile

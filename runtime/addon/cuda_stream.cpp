#include "cuda_stream.h"

#include <chrono>

namespace infinitile {

namespace {

using Time = std::chrono::steady_clock;

/**
 * So long a wait spends asking, for being woken from sleep takes some 50 us. Most steps that it would show in are done by then;
 * of others' time it is little, and a core is free for the rest of it, however the context's own waits are set.
 */
constexpr std::chrono::milliseconds kPatience{2};

}  // namespace

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

cuda::Result CudaStream::wait(const CudaDriver& driver) const {
  const Time::time_point sleepAt = Time::now() + kPatience;
  do {
    const cuda::Result result = driver.streamQuery(stream_);
    if (result != cuda::kErrorNotReady) return result;
  } while (Time::now() < sleepAt);
  const cuda::Result recorded = driver.eventRecord(reached_, stream_);
  return recorded == cuda::kSuccess ? driver.eventSynchronize(reached_) : recorded;
}

}  // namespace infinitile

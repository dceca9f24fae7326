#include "cuda_stream.h"

#include <chrono>
#include <thread>

namespace infinitile {

namespace {

using Time = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

/**
 * So long before and after the end is expected a wait asks, for being woken by the driver takes too long after a short step. The
 * rest of it is slept, however the context's own waits are set: a core is free for others.
 */
constexpr Milliseconds kPatience{2};

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

cuda::Result CudaStream::wait(const CudaDriver& driver, double expected) const {
  const Time::time_point begin = Time::now();
  const Milliseconds end(expected);
  if (end > kPatience) std::this_thread::sleep_for(end - kPatience);
  do {
    const cuda::Result result = driver.streamQuery(stream_);
    if (result != cuda::kErrorNotReady) return result;
  } while (Time::now() - begin < end + kPatience);
  const cuda::Result recorded = driver.eventRecord(reached_, stream_);
  return recorded == cuda::kSuccess ? driver.eventSynchronize(reached_) : recorded;
}

}  // namespace infinitile

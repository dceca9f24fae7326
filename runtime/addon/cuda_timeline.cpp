#include "cuda_timeline.h"

namespace infinitile {

CudaTimeline::CudaTimeline(const CudaDriver& driver, std::size_t marks) : driver_(driver) {
  events_.reserve(marks);
  for (std::size_t i = 0; i < marks; ++i) {
    cuda::Event event = nullptr;
    const cuda::Result result = driver_.eventCreate(&event, cuda::kEventDefault);
    if (result != cuda::kSuccess) release();
    driver_.check(result, "creating an event");
    events_.push_back(event);
  }
}

CudaTimeline::~CudaTimeline() { release(); }

cuda::Result CudaTimeline::mark(cuda::Stream stream) { return driver_.eventRecord(events_.at(marked_++), stream); }

std::vector<double> CudaTimeline::intervals() const {
  std::vector<double> milliseconds;
  for (std::size_t i = 1; i < marked_; ++i) {
    float elapsed = 0;
    driver_.check(driver_.eventElapsedTime(&elapsed, events_[i - 1], events_[i]), "reading the time");
    milliseconds.push_back(elapsed);
  }
  return milliseconds;
}

void CudaTimeline::release() {
  for (const cuda::Event event : events_) driver_.eventDestroy(event);
  events_.clear();
}

}  // namespace infinitile

#include "cuda_events.h"

namespace infinitile {

cuda::Event CudaEvents::at(const CudaDriver& driver, std::size_t index) {
  while (events_.size() <= index) {
    cuda::Event event = nullptr;
    driver.check(driver.eventCreate(&event, cuda::kEventDefault), "making an event");
    events_.push_back(event);
  }
  return events_[index];
}

void CudaEvents::release(const CudaDriver& driver) {
  for (const cuda::Event event : events_) driver.eventDestroy(event);
  events_.clear();
}

}  // namespace infinitile

#include "cuda_event.h"

#include <utility>

namespace infinitile {

CudaEvent::CudaEvent(std::shared_ptr<const CudaContext> context) : context_(std::move(context)) {
  const CudaDriver& driver = context_->driver();
  driver.check(driver.eventCreate(&event_, cuda::kEventBlockingSync | cuda::kEventDisableTiming), "making an event for messages");
}

CudaEvent::~CudaEvent() {
  const CudaContext::Scope scope(*context_);
  if (scope.entered()) context_->driver().eventDestroy(event_);
}

void CudaEvent::record(cuda::Stream stream) {
  context_->driver().check(context_->driver().eventRecord(event_, stream), "recording an event for messages");
}

void CudaEvent::holdBack(cuda::Stream stream) const {
  context_->driver().check(context_->driver().streamWaitEvent(stream, event_, 0), "letting a stream wait for messages");
}

bool CudaEvent::reached() const {
  const cuda::Result result = context_->driver().eventQuery(event_);
  if (result == cuda::kErrorNotReady) return false;
  context_->driver().check(result, "asking how far messages are");
  return true;
}

void CudaEvent::wait() const {
  context_->driver().check(context_->driver().eventSynchronize(event_), "waiting for messages");
}

}  // namespace infinitile

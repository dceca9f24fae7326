#include "cuda_context.h"

#include <string>
#include <utility>

namespace infinitile {

CudaContext::CudaContext(std::shared_ptr<const CudaDriver> driver, int ordinal) : driver_(std::move(driver)) {
  const std::string what = "opening CUDA device " + std::to_string(ordinal);
  driver_->check(driver_->deviceGet(&device_, ordinal), what);
  driver_->check(driver_->primaryContextRetain(&context_, device_), what);
}

CudaContext::~CudaContext() { driver_->primaryContextRelease(device_); }

CudaContext::Scope::Scope(const CudaContext& context)
    : context_(context), result_(context.driver_->contextPush(context.context_)) {}

CudaContext::Scope::~Scope() {
  cuda::Context popped = nullptr;
  if (entered()) context_.driver_->contextPop(&popped);
}

void CudaContext::Scope::require() const { context_.driver_->check(result_, "entering the CUDA context"); }

}  // namespace infinitile

#include "cuda_transport.h"

#include <utility>

namespace infinitile {

CudaTransport::CudaTransport(std::shared_ptr<const CudaContext> context) : context_(std::move(context)), mark_(context_) {
  stream_.open(driver(), "making a stream for messages");
}

CudaTransport::~CudaTransport() {
  const CudaContext::Scope scope(*context_);
  if (scope.entered()) stream_.release(driver());
}

bool CudaTransport::idle() const { return driver().streamQuery(stream_.handle()) != cuda::kErrorNotReady; }

void CudaTransport::followCompute(cuda::Stream compute) {
  mark_.record(compute);
  mark_.holdBack(stream_.handle());
}

void CudaTransport::holdBackCompute(cuda::Stream compute) {
  mark_.record(stream_.handle());
  mark_.holdBack(compute);
}

}  // namespace infinitile

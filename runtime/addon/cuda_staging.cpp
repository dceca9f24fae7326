#include "cuda_staging.h"

#include <algorithm>

namespace infinitile {

namespace {

constexpr std::size_t kLeastBytes = 64 * 1024;

}  // namespace

unsigned char* CudaStaging::reserve(const CudaDriver& driver, std::size_t bytes) {
  if (bytes > bytes_) {
    release(driver);
    const std::size_t enough = std::max(bytes, kLeastBytes);
    driver.check(driver.hostAlloc(&memory_, enough, 0), "page-locking " + std::to_string(enough) + " bytes of the host's memory");
    bytes_ = enough;
  }
  return static_cast<unsigned char*>(memory_);
}

void CudaStaging::release(const CudaDriver& driver) {
  if (memory_) driver.hostFree(memory_);
  memory_ = nullptr;
  bytes_ = 0;
}

}  // namespace infinitile

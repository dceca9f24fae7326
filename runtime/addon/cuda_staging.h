#pragma once

#include <cstddef>

#include "cuda_driver.h"

namespace infinitile {

/** Page-locked memory of the host that a list's reads land in: copies there neither wait nor go through a buffer of the driver's. */
class CudaStaging {
 public:
  CudaStaging() = default;
  CudaStaging(const CudaStaging&) = delete;
  CudaStaging& operator=(const CudaStaging&) = delete;

  /** At least so many bytes; what lay there is lost when it grows. Within the context, while nothing is under way. */
  unsigned char* reserve(const CudaDriver& driver, std::size_t bytes);
  /** Within the context. */
  void release(const CudaDriver& driver);

 private:
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace infinitile

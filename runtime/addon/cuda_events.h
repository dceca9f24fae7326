#pragma once

#include <cstddef>
#include <vector>

#include "cuda_driver.h"

namespace infinitile {

/** Events that times are taken by, made as they are needed and kept. Every method within the context. */
class CudaEvents {
 public:
  CudaEvents() = default;
  CudaEvents(const CudaEvents&) = delete;
  CudaEvents& operator=(const CudaEvents&) = delete;

  cuda::Event at(const CudaDriver& driver, std::size_t index);
  void release(const CudaDriver& driver);

 private:
  std::vector<cuda::Event> events_;
};

}  // namespace infinitile

#pragma once

#include <cstddef>
#include <vector>

#include "cuda_driver.h"

namespace infinitile {

/** Events on a stream, and the time from each to the next. The context is current for as long as it lives. */
class CudaTimeline {
 public:
  CudaTimeline(const CudaDriver& driver, std::size_t marks);
  ~CudaTimeline();
  CudaTimeline(const CudaTimeline&) = delete;
  CudaTimeline& operator=(const CudaTimeline&) = delete;

  /** Records the next event. */
  cuda::Result mark(cuda::Stream stream);
  /** Milliseconds between events that are recorded and done: one less than there are. */
  std::vector<double> intervals() const;

 private:
  void release();

  const CudaDriver& driver_;
  std::vector<cuda::Event> events_;
  std::size_t marked_ = 0;
};

}  // namespace infinitile

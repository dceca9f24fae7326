#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cuda_api.h"
#include "shared_library.h"

namespace infinitile {

/** What the driver says of a device. */
struct CudaDeviceInfo {
  int ordinal = 0;
  std::string name;
  int computeMajor = 0;
  int computeMinor = 0;
  int multiprocessors = 0;
  std::size_t totalBytes = 0;
  int sharedBytesPerBlock = 0;
};

/** libcuda, opened and initialised. */
class CudaDriver : public cuda::DriverFunctions {
 public:
  /** Throws with what was looked for and what failed. */
  CudaDriver();

  /** Throws unless `result` is success: `what: CUDA_ERROR_NAME: description`. */
  void check(cuda::Result result, const std::string& what) const;
  /** `CUDA_ERROR_NAME: description`. */
  std::string explain(cuda::Result result) const;

  const std::string& path() const { return path_; }
  int version() const;
  std::vector<CudaDeviceInfo> devices() const;
  CudaDeviceInfo device(int ordinal) const;

 private:
  std::string path_;
};

}  // namespace infinitile

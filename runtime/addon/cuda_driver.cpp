#include "cuda_driver.h"

#include <stdexcept>

namespace infinitile {

namespace {

/** The last is where WSL keeps it. */
const std::vector<std::string> kCandidates = {"libcuda.so.1", "libcuda.so", "/usr/lib/wsl/lib/libcuda.so.1"};

template <class Function>
void load(Function& function, void* address) {
  function = reinterpret_cast<Function>(address);
}

}  // namespace

CudaDriver::CudaDriver() {
  const SharedLibrary library = SharedLibrary::openFirst("the CUDA driver library", kCandidates);
#define INFINITILE_LOAD(field, symbol, parameters) load(field, library.require(symbol));
  INFINITILE_CUDA_FUNCTIONS(INFINITILE_LOAD)
#undef INFINITILE_LOAD
#define INFINITILE_LOAD(field, symbol, parameters) load(field, library.find(symbol));
  INFINITILE_CUDA_OPTIONAL_FUNCTIONS(INFINITILE_LOAD)
#undef INFINITILE_LOAD
  path_ = library.path("cuInit");
  check(init(0), "initialising the CUDA driver (" + path_ + ")");
}

std::string CudaDriver::explain(cuda::Result result) const {
  const char* name = nullptr;
  const char* text = nullptr;
  if (getErrorName(result, &name) != cuda::kSuccess || !name) return "CUDA error " + std::to_string(result);
  if (getErrorString(result, &text) != cuda::kSuccess || !text) return name;
  return std::string(name) + ": " + text;
}

void CudaDriver::check(cuda::Result result, const std::string& what) const {
  if (result != cuda::kSuccess) throw std::runtime_error(what + ": " + explain(result));
}

int CudaDriver::version() const {
  int version = 0;
  check(driverGetVersion(&version), "asking for the driver's version");
  return version;
}

std::vector<CudaDeviceInfo> CudaDriver::devices() const {
  int count = 0;
  check(deviceGetCount(&count), "counting CUDA devices");
  std::vector<CudaDeviceInfo> devices;
  for (int ordinal = 0; ordinal < count; ++ordinal) devices.push_back(device(ordinal));
  return devices;
}

CudaDeviceInfo CudaDriver::device(int ordinal) const {
  const std::string what = "asking for the properties of CUDA device " + std::to_string(ordinal);
  cuda::Device handle = 0;
  check(deviceGet(&handle, ordinal), what);
  const auto attribute = [&](int which) {
    int value = 0;
    check(deviceGetAttribute(&value, which, handle), what);
    return value;
  };
  char name[256] = {};
  check(deviceGetName(name, sizeof name, handle), what);
  CudaDeviceInfo info;
  info.ordinal = ordinal;
  info.name = name;
  info.computeMajor = attribute(cuda::kAttributeComputeMajor);
  info.computeMinor = attribute(cuda::kAttributeComputeMinor);
  info.multiprocessors = attribute(cuda::kAttributeMultiprocessorCount);
  info.sharedBytesPerBlock = attribute(cuda::kAttributeSharedBytesPerBlockOptin);
  check(deviceTotalMem(&info.totalBytes, handle), what);
  return info;
}

}  // namespace infinitile

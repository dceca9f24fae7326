#include "cuda_launch.h"

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace infinitile {

namespace {

std::string textOf(const std::vector<std::size_t>& sizes) {
  std::string text;
  for (const std::size_t size : sizes) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return text.empty() ? "none" : text;
}

}  // namespace

void checkArguments(const CommandList& list, std::size_t index) {
  const Launch& launch = std::get<Launch>(list.commands[index]);
  const Kernel& kernel = *launch.kernel;
  if (!kernel.parametersKnown || kernel.parameterBytes == launch.arguments.sizes()) return;
  throw std::invalid_argument(list.describe(index) + ": the kernel's parameters are of " + textOf(kernel.parameterBytes) +
                              " bytes, the arguments of " + textOf(launch.arguments.sizes()));
}

cuda::Result allowSharedBytes(const CudaDriver& driver, const Launch& launch) {
  Kernel& kernel = *launch.kernel;
  if (launch.sharedBytes <= kernel.sharedBytesAllowed) return cuda::kSuccess;
  const cuda::Result result = driver.functionSetAttribute(static_cast<cuda::Function>(kernel.function),
                                                          cuda::kFunctionMaxDynamicSharedBytes,
                                                          static_cast<int>(launch.sharedBytes));
  if (result == cuda::kSuccess) kernel.sharedBytesAllowed = launch.sharedBytes;
  return result;
}

}  // namespace infinitile

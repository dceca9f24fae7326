#include "cuda_device.h"

#include <stdexcept>
#include <utility>

#include "cuda_buffer.h"
#include "cuda_module.h"
#include "cuda_timeline.h"

namespace infinitile {

namespace {

void checkArguments(const Launch& launch, const std::string& what) {
  const Kernel& kernel = *launch.kernel;
  if (!kernel.parametersKnown || kernel.parameterBytes == launch.arguments.sizes()) return;
  const auto list = [](const std::vector<std::size_t>& sizes) {
    std::string text;
    for (const std::size_t size : sizes) text += (text.empty() ? "" : ", ") + std::to_string(size);
    return text.empty() ? "none" : text;
  };
  throw std::invalid_argument(what + ": the kernel's parameters are of " + list(kernel.parameterBytes) +
                              " bytes, the arguments of " + list(launch.arguments.sizes()));
}

/** Kernels fail after their launch has returned: of several commands, only the kernels' names can be told. */
std::string culprits(const CommandList& list, std::size_t issued) {
  if (issued == 0) return "an empty list";
  if (issued == 1) return list.describe(0);
  return "one of the first " + std::to_string(issued) + " commands (kernels " + list.kernelNames(issued) +
         "; CUDA_LAUNCH_BLOCKING=1 in the environment tells which)";
}

}  // namespace

CudaDevice::CudaDevice(std::shared_ptr<const CudaDriver> driver, int ordinal)
    : context_(std::make_shared<const CudaContext>(driver, ordinal)) {
  const std::string what = "preparing CUDA device " + std::to_string(ordinal);
  const CudaContext::Scope scope(*context_);
  scope.require();
  driver->check(driver->streamCreate(&stream_, cuda::kStreamNonBlocking), what);
  driver->check(driver->eventCreate(&begin_, cuda::kEventDefault), what);
  driver->check(driver->eventCreate(&end_, cuda::kEventDefault), what);
}

CudaDevice::~CudaDevice() {
  const CudaContext::Scope scope(*context_);
  if (!scope.entered()) return;
  driver().eventDestroy(end_);
  driver().eventDestroy(begin_);
  driver().streamDestroy(stream_);
}

std::shared_ptr<Buffer> CudaDevice::allocate(std::size_t bytes) {
  return std::make_shared<CudaBuffer>(bytes, context_, meter_);
}

std::shared_ptr<Module> CudaDevice::loadModule(const ModuleSource& source) {
  if (source.image.empty()) throw std::invalid_argument("a CUDA module is loaded from the bytes of a cubin");
  return std::make_shared<CudaModule>(source.image, context_);
}

template <class Work>
auto CudaDevice::guarded(Work&& work) {
  const CudaContext::Scope scope(*context_);
  scope.require();
  try {
    return work();
  } catch (const std::exception& error) {
    if (driver().contextSynchronize() == cuda::kSuccess) throw;
    throw std::runtime_error(std::string(error.what()) +
                             "; the device's context is lost: every call on it fails from now on, and only a new "
                             "process can use the device again");
  }
}

void CudaDevice::write(Buffer& buffer, std::size_t offset, const void* source, std::size_t bytes) {
  if (bytes == 0) return;
  guarded([&] {
    const std::string what = "write of " + std::to_string(bytes) + " bytes";
    driver().check(driver().memcpyToDevice(buffer.address() + offset, source, bytes, stream_), what);
    driver().check(driver().streamSynchronize(stream_), what);
  });
}

void CudaDevice::read(const Buffer& buffer, std::size_t offset, void* target, std::size_t bytes) {
  if (bytes == 0) return;
  guarded([&] {
    const std::string what = "read of " + std::to_string(bytes) + " bytes";
    driver().check(driver().memcpyToHost(target, buffer.address() + offset, bytes, stream_), what);
    driver().check(driver().streamSynchronize(stream_), what);
  });
}

double CudaDevice::run(const CommandList& list, const std::atomic<bool>& cancelled) {
  return guarded([&]() -> double {
    driver().check(driver().eventRecord(begin_, stream_), "recording the start");
    for (std::size_t i = 0; i < list.commands.size(); ++i) issueNext(list, i, cancelled);
    finish(list, driver().eventRecord(end_, stream_));
    float milliseconds = 0;
    driver().check(driver().eventElapsedTime(&milliseconds, begin_, end_), "reading the time");
    return milliseconds;
  });
}

std::vector<double> CudaDevice::profile(const CommandList& list, const std::atomic<bool>& cancelled) {
  return guarded([&] {
    CudaTimeline timeline(driver(), list.commands.size() + 1);
    cuda::Result marked = timeline.mark(stream_);
    for (std::size_t i = 0; i < list.commands.size(); ++i) {
      driver().check(marked, culprits(list, i));
      issueNext(list, i, cancelled);
      marked = timeline.mark(stream_);
    }
    finish(list, marked);
    return timeline.intervals();
  });
}

void CudaDevice::issueNext(const CommandList& list, std::size_t index, const std::atomic<bool>& cancelled) {
  if (cancelled) throw std::runtime_error("the device was closed before " + list.describe(index));
  try {
    issue(list, index);
  } catch (const std::exception&) {
    // Any call may report what an earlier kernel did to the context.
    driver().check(driver().contextSynchronize(), culprits(list, index + 1));
    throw;
  }
}

void CudaDevice::finish(const CommandList& list, cuda::Result issued) {
  const cuda::Result result = issued == cuda::kSuccess ? driver().streamSynchronize(stream_) : issued;
  driver().check(result, culprits(list, list.commands.size()));
}

void CudaDevice::issue(const CommandList& list, std::size_t index) {
  const Command& command = list.commands[index];
  if (const Launch* launched = std::get_if<Launch>(&command)) {
    launch(*launched, list.describe(index));
    return;
  }
  const Fill& fill = std::get<Fill>(command);
  if (fill.words == 0) return;
  driver().check(driver().memset32(fill.buffer->address() + fill.offset, fill.pattern, fill.words, stream_),
                 list.describe(index));
}

void CudaDevice::launch(const Launch& launch, const std::string& what) {
  checkArguments(launch, what);
  Kernel& kernel = *launch.kernel;
  const auto function = static_cast<cuda::Function>(kernel.function);
  if (launch.sharedBytes > kernel.sharedBytesAllowed) {
    driver().check(driver().functionSetAttribute(function, cuda::kFunctionMaxDynamicSharedBytes,
                                                 static_cast<int>(launch.sharedBytes)),
                   what);
    kernel.sharedBytesAllowed = launch.sharedBytes;
  }
  driver().check(driver().launchKernel(function, launch.grid, 1, 1, launch.threads, 1, 1, launch.sharedBytes, stream_,
                                       launch.arguments.pointers(), nullptr),
                 what);
}

}  // namespace infinitile

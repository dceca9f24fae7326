#include "cuda_device.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "cuda_buffer.h"
#include "cuda_graph.h"
#include "cuda_launch.h"
#include "cuda_module.h"
#include "cuda_timeline.h"

namespace infinitile {

namespace {

/** A list is kept ready for steps that take less than about so long, which follow each other: their waits ask all along. */
constexpr std::chrono::milliseconds kPreparedPatience{100};

/** 12040 is 12.4. */
std::string versionText(int version) { return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10); }

/** Kernels fail after their launch has returned: of several commands, only the kernels' names can be told. */
std::string culprits(const CommandList& list, std::size_t issued) {
  if (issued == 0) return "an empty list";
  if (issued == 1) return list.describe(0);
  return "one of the first " + std::to_string(issued) + " commands (kernels " + list.kernelNames(issued) +
         "; CUDA_LAUNCH_BLOCKING=1 in the environment tells which)";
}

/** CUDA's own switch, by which every launch waits for its kernel: a graph would hide which one fails. */
bool launchesBlock() {
  const char* value = std::getenv("CUDA_LAUNCH_BLOCKING");
  return value && std::strcmp(value, "0") != 0;
}

}  // namespace

CudaDevice::CudaDevice(std::shared_ptr<const CudaDriver> driver, int ordinal)
    : context_(std::make_shared<const CudaContext>(driver, ordinal)),
      recordsLists_(CudaGraph::supported(*driver) && !launchesBlock()),
      messages_(context_) {
  const std::string what = "preparing CUDA device " + std::to_string(ordinal);
  const CudaContext::Scope scope(*context_);
  scope.require();
  stream_.open(*driver, what);
  driver->check(driver->eventCreate(&begin_, cuda::kEventDefault), what);
  driver->check(driver->eventCreate(&end_, cuda::kEventDefault), what);
}

CudaDevice::~CudaDevice() {
  const CudaContext::Scope scope(*context_);
  if (!scope.entered()) return;
  messages_.close(stream_);
  staging_.release(driver());
  clocks_.release(driver());
  driver().eventDestroy(end_);
  driver().eventDestroy(begin_);
  stream_.release(driver());
}

std::shared_ptr<Buffer> CudaDevice::allocate(std::size_t bytes) {
  return std::make_shared<CudaBuffer>(bytes, context_, meter_);
}

std::shared_ptr<Module> CudaDevice::loadModule(const ModuleSource& source) {
  if (source.image.empty()) throw std::invalid_argument("a CUDA module is loaded from the bytes of a cubin");
  return std::make_shared<CudaModule>(source.image, context_);
}

TensorMap CudaDevice::encodeTensorMap(const TiledMatrix& matrix) const {
  if (!driver().tensorMapEncodeTiled)
    throw std::runtime_error("the CUDA driver (" + driver().path() + ", for CUDA " + versionText(driver().version()) +
                             ") is too old for tensor maps, which Hopper's kernels copy by: they need a driver for CUDA 12.0 or later");
  const CudaContext::Scope scope(*context_);
  scope.require();
  const std::uint64_t sizes[] = {matrix.cols, matrix.planes, matrix.rows};
  const std::uint64_t pitches[] = {matrix.planePitchBytes, matrix.pitchBytes};
  const std::uint32_t box[] = {matrix.boxCols, 1, matrix.boxRows};
  const std::uint32_t everyElement[] = {1, 1, 1};
  // The swizzle is as wide as the box.
  const int swizzle = matrix.boxCols * 2 == 128 ? cuda::kTensorMapSwizzle128Bytes : cuda::kTensorMapSwizzle64Bytes;
  TensorMap map{};
  const cuda::Result result = driver().tensorMapEncodeTiled(
      &map, cuda::kTensorMapUint16, 3, reinterpret_cast<void*>(matrix.address), sizes, pitches, box, everyElement,
      cuda::kTensorMapNoInterleave, swizzle, cuda::kTensorMapPromote256Bytes,
      cuda::kTensorMapZerosBeyond);
  driver().check(result, "encoding a tensor map of " + std::to_string(matrix.rows) + " x " + std::to_string(matrix.cols) +
                             " elements, tiles of " + std::to_string(matrix.boxRows) + " x " + std::to_string(matrix.boxCols));
  return map;
}

template <class Work>
auto CudaDevice::guarded(Work&& work) {
  const CudaContext::Scope scope(*context_);
  scope.require();
  try {
    return work();
  } catch (const std::exception& error) {
    if (synchronize() == cuda::kSuccess) throw;
    throw std::runtime_error(std::string(error.what()) +
                             "; the device's context is lost: every call on it fails from now on, and only a new "
                             "process can use the device again");
  }
}

void CudaDevice::write(Buffer& buffer, std::size_t offset, const void* source, std::size_t bytes) {
  if (bytes == 0) return;
  guarded([&] {
    const std::string what = "write of " + std::to_string(bytes) + " bytes";
    driver().check(driver().memcpyToDevice(buffer.address() + offset, source, bytes, stream_.handle()), what);
    driver().check(stream_.wait(driver()), what);
  });
}

void CudaDevice::read(const Buffer& buffer, std::size_t offset, void* target, std::size_t bytes) {
  if (bytes == 0) return;
  guarded([&] {
    const std::string what = "read of " + std::to_string(bytes) + " bytes";
    driver().check(driver().memcpyToHost(target, buffer.address() + offset, bytes, stream_.handle()), what);
    driver().check(stream_.wait(driver()), what);
  });
}

double CudaDevice::run(const CommandList& list, unsigned char* outputs, const std::atomic<bool>& cancelled) {
  return runPatiently(list, CudaStream::kPatience, outputs, cancelled);
}

double CudaDevice::runPatiently(const CommandList& list, std::chrono::milliseconds patience, unsigned char* outputs,
                                const std::atomic<bool>& cancelled) {
  return guarded([&]() -> double {
    Progress progress = begin(list);
    for (std::size_t i = 0; i < list.commands.size(); ++i) issueNext(list, i, progress, cancelled);
    finish(list, driver().eventRecord(end_, stream_.handle()), patience, progress.staging, outputs, cancelled);
    return milliseconds(begin_, end_);
  });
}

double CudaDevice::runPrepared(CommandList& list, unsigned char* outputs, const std::atomic<bool>& cancelled) {
  // A graph cannot wait for another rank on the host's side.
  if (!recordsLists_ || list.commands.empty() || list.hasMessages()) return runPatiently(list, kPreparedPatience, outputs, cancelled);
  return guarded([&]() -> double {
    if (cancelled) throw std::runtime_error("the device was closed before " + list.describe(0));
    if (!list.recording) list.recording = CudaGraph::record(context_, list, {begin_, end_, clocks_});
    CudaGraph& graph = static_cast<CudaGraph&>(*list.recording);
    finish(list, graph.launch(list, stream_.handle()), kPreparedPatience, graph.staging(), outputs, cancelled);
    return milliseconds(begin_, end_);
  });
}

std::vector<double> CudaDevice::profile(const CommandList& list, unsigned char* outputs,
                                        const std::atomic<bool>& cancelled) {
  return guarded([&] {
    CudaTimeline timeline(driver(), list.commands.size() + 1);
    Progress progress = begin(list);
    cuda::Result marked = timeline.mark(stream_.handle());
    for (std::size_t i = 0; i < list.commands.size(); ++i) {
      if (marked != cuda::kSuccess) driver().check(marked, culprits(list, i));
      issueNext(list, i, progress, cancelled);
      marked = timeline.mark(stream_.handle());
    }
    finish(list, marked, CudaStream::kPatience, progress.staging, outputs, cancelled);
    return timeline.intervals();
  });
}

bool CudaDevice::reaches(const Device& other) const {
  const CudaDevice* gpu = dynamic_cast<const CudaDevice*>(&other);
  return gpu && gpu->context_->handle() == context_->handle();
}

cuda::Result CudaDevice::synchronize() {
  messages_.calm();
  return stream_.wait(driver());
}

CudaDevice::Progress CudaDevice::begin(const CommandList& list) {
  const Progress progress{list.readBytes > 0 ? staging_.reserve(driver(), list.readBytes) : nullptr};
  driver().check(driver().eventRecord(begin_, stream_.handle()), "recording the start");
  return progress;
}

void CudaDevice::issueNext(const CommandList& list, std::size_t index, Progress& progress,
                           const std::atomic<bool>& cancelled) {
  if (cancelled) throw std::runtime_error("the device was closed before " + list.describe(index));
  try {
    issue(list, index, progress, cancelled);
  } catch (const std::exception&) {
    // Any call may report what an earlier kernel did to the context.
    const cuda::Result result = synchronize();
    if (result != cuda::kSuccess) driver().check(result, culprits(list, index + 1));
    throw;
  }
}

void CudaDevice::finish(const CommandList& list, cuda::Result issued, std::chrono::milliseconds patience, const unsigned char* staging,
                        unsigned char* outputs, const std::atomic<bool>& cancelled) {
  const cuda::Result result = issued == cuda::kSuccess ? messages_.wait(stream_, patience, cancelled) : issued;
  if (result != cuda::kSuccess) driver().check(result, culprits(list, list.commands.size()));
  deliver(list, staging, outputs);
}

void CudaDevice::issue(const CommandList& list, std::size_t index, Progress& progress, const std::atomic<bool>& cancelled) {
  const Command& command = list.commands[index];
  cuda::Result result = cuda::kSuccess;
  if (const Launch* launched = std::get_if<Launch>(&command)) {
    checkArguments(list, index);
    result = launch(*launched);
  } else if (const Fill* fill = std::get_if<Fill>(&command)) {
    if (fill->words > 0)
      result = driver().memset32(fill->buffer->address() + fill->offset, fill->pattern, fill->words, stream_.handle());
  } else if (const Read* read = std::get_if<Read>(&command)) {
    if (read->bytes > 0)
      result = driver().memcpyToHost(progress.staging + progress.staged, read->buffer->address() + read->offset,
                                     read->bytes, stream_.handle());
    progress.staged += read->bytes;
  } else if (const Exchange* exchange = std::get_if<Exchange>(&command)) {
    messages_.start(*exchange, stream_.handle(), cancelled);
  } else if (const Join* join = std::get_if<Join>(&command)) {
    messages_.join(*join, stream_.handle(), cancelled);
  } else {
    result = driver().eventRecord(clocks_.at(driver(), progress.clocks++), stream_.handle());
  }
  // Descriptions are long: none is made for a command that succeeds.
  if (result != cuda::kSuccess) driver().check(result, list.describe(index));
}

cuda::Result CudaDevice::launch(const Launch& launch) {
  const cuda::Result allowed = allowSharedBytes(driver(), launch);
  if (allowed != cuda::kSuccess) return allowed;
  return driver().launchKernel(static_cast<cuda::Function>(launch.kernel->function), launch.grid, 1, 1, launch.threads, 1, 1,
                               launch.sharedBytes, stream_.handle(), launch.arguments.pointers(), nullptr);
}

void CudaDevice::deliver(const CommandList& list, const unsigned char* staging, unsigned char* outputs) {
  std::size_t clocks = 0;
  for (const Command& command : list.commands) {
    if (const Read* read = std::get_if<Read>(&command)) {
      if (read->bytes > 0) std::memcpy(outputs + read->at, staging, read->bytes);
      staging += read->bytes;
    } else if (const Clock* clock = std::get_if<Clock>(&command)) {
      const double elapsed = milliseconds(begin_, clocks_.at(driver(), clocks++));
      std::memcpy(outputs + clock->at, &elapsed, sizeof elapsed);
    }
  }
}

double CudaDevice::milliseconds(cuda::Event begin, cuda::Event end) {
  float elapsed = 0;
  driver().check(driver().eventElapsedTime(&elapsed, begin, end), "reading the time");
  return elapsed;
}

}  // namespace infinitile

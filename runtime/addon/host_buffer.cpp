#include "host_buffer.h"

#include <cstdlib>
#include <string>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "errors.h"

namespace infinitile {

namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

HostBuffer::HostBuffer(std::size_t bytes, std::shared_ptr<MemoryMeter> meter) : Buffer(bytes), meter_(std::move(meter)) {
  const bool huge = bytes >= 2 * kHugePage;
  const std::size_t size = bytes > 0 ? bytes : 1;
  if (posix_memalign(&data_, huge ? kHugePage : kAlignment, size) != 0)
    throw OutOfMemory("not enough main memory for a buffer of " + std::to_string(bytes) + " bytes");
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  // Advice: a kernel without huge pages refuses it, and small pages serve.
  if (huge) static_cast<void>(madvise(data_, size / kHugePage * kHugePage, MADV_HUGEPAGE));
#endif
  meter_->add(bytes);
}

HostBuffer::~HostBuffer() {
  std::free(data_);
  meter_->remove(bytes());
}

}  // namespace infinitile

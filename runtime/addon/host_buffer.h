#pragma once

#include <memory>

#include "buffer.h"
#include "memory_meter.h"

namespace infinitile {

/** Main memory, aligned to a cache line; large ones ask for huge pages, which spares a packed matrix its TLB misses. */
class HostBuffer final : public Buffer {
 public:
  HostBuffer(std::size_t bytes, std::shared_ptr<MemoryMeter> meter);
  ~HostBuffer() override;

  std::uint64_t address() const override { return reinterpret_cast<std::uintptr_t>(data_); }

 private:
  std::shared_ptr<MemoryMeter> meter_;
  void* data_ = nullptr;
};

}  // namespace infinitile

#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "cuda_event.h"

namespace infinitile {

/** Page-locked memory of the host, freed with the object. */
class PinnedBlock {
 public:
  PinnedBlock(std::shared_ptr<const CudaContext> context, std::size_t bytes);
  ~PinnedBlock();
  PinnedBlock(const PinnedBlock&) = delete;
  PinnedBlock& operator=(const PinnedBlock&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  std::shared_ptr<const CudaContext> context_;
  std::size_t bytes_;
  void* data_ = nullptr;
};

/** Blocks that are used again, as page-locking takes long. Every method within the context. */
class PinnedMemory {
 public:
  explicit PinnedMemory(std::shared_ptr<const CudaContext> context) : context_(std::move(context)) {}

  /** At least so many bytes that nothing else uses until they are given back. */
  std::shared_ptr<PinnedBlock> take(std::size_t bytes);
  /** The block is free once `reached`, where there is such an event, has been reached. */
  void giveBack(std::shared_ptr<PinnedBlock> block, std::shared_ptr<const CudaEvent> reached);

 private:
  struct Spare {
    std::shared_ptr<PinnedBlock> block;
    std::shared_ptr<const CudaEvent> reached;
  };
  std::shared_ptr<const CudaContext> context_;
  std::vector<Spare> spares_;
};

}  // namespace infinitile

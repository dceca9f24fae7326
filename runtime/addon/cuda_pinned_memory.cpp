#include "cuda_pinned_memory.h"

#include <algorithm>
#include <string>
#include <utility>

namespace infinitile {

PinnedBlock::PinnedBlock(std::shared_ptr<const CudaContext> context, std::size_t bytes)
    : context_(std::move(context)), bytes_(std::max<std::size_t>(bytes, 1)) {
  context_->driver().check(context_->driver().hostAlloc(&data_, bytes_, 0),
                           "page-locking " + std::to_string(bytes_) + " bytes of the host's memory for messages");
}

PinnedBlock::~PinnedBlock() {
  const CudaContext::Scope scope(*context_);
  if (scope.entered()) context_->driver().hostFree(data_);
}

std::shared_ptr<PinnedBlock> PinnedMemory::take(std::size_t bytes) {
  const auto spare = std::find_if(spares_.begin(), spares_.end(), [bytes](const Spare& one) {
    return one.block->bytes() >= bytes && (!one.reached || one.reached->reached());
  });
  if (spare == spares_.end()) return std::make_shared<PinnedBlock>(context_, bytes);
  std::shared_ptr<PinnedBlock> block = std::move(spare->block);
  spares_.erase(spare);
  return block;
}

void PinnedMemory::giveBack(std::shared_ptr<PinnedBlock> block, std::shared_ptr<const CudaEvent> reached) {
  // Small ones first, so that the least that suffices is taken.
  const auto place = std::find_if(spares_.begin(), spares_.end(), [&](const Spare& one) { return one.block->bytes() > block->bytes(); });
  spares_.insert(place, {std::move(block), std::move(reached)});
}

}  // namespace infinitile

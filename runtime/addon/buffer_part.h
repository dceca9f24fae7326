#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "buffer.h"

namespace infinitile {

/** A range of a buffer as a buffer of its own: the whole's memory is freed with the last that shares it. */
class BufferPart final : public Buffer {
 public:
  /** The range lies within the whole. */
  BufferPart(std::shared_ptr<Buffer> whole, std::size_t offset, std::size_t bytes)
      : Buffer(bytes), whole_(std::move(whole)), offset_(offset) {}

  std::uint64_t address() const override { return whole_->address() + offset_; }

 private:
  std::shared_ptr<Buffer> whole_;
  std::size_t offset_;
};

}  // namespace infinitile

#pragma once

#include <cstddef>
#include <vector>

namespace infinitile {

/** A kernel's arguments as cuLaunchKernel takes them: one pointer per value, the values kept beside. */
class ArgumentPack {
 public:
  void add(const void* value, std::size_t bytes);
  /** Another value of the same size, in the place of the argument at `index`: a new revision, unless it is the same. */
  void replace(std::size_t index, const void* value);
  /** Call once, after the last `add`. */
  void seal();

  /** Valid while the pack lives, moves included. */
  void** pointers() const { return const_cast<void**>(pointers_.data()); }
  const std::vector<std::size_t>& sizes() const { return sizes_; }
  /** Whoever keeps a copy of the values needs a new one when this is another. */
  std::size_t revision() const { return revision_; }

 private:
  /** As aligned as the most demanding parameter, a tensor map. */
  struct alignas(64) Cell {
    unsigned char bytes[64];
  };
  std::vector<Cell> cells_;
  std::vector<std::size_t> firstCells_;
  std::vector<std::size_t> sizes_;
  std::vector<void*> pointers_;
  std::size_t revision_ = 0;
};

}  // namespace infinitile

#include "argument_pack.h"

#include <cstring>

namespace infinitile {

void ArgumentPack::add(const void* value, std::size_t bytes) {
  const std::size_t first = cells_.size();
  cells_.resize(first + (bytes + sizeof(Cell) - 1) / sizeof(Cell));
  if (bytes > 0) std::memcpy(cells_.data() + first, value, bytes);
  firstCells_.push_back(first);
  sizes_.push_back(bytes);
}

void ArgumentPack::replace(std::size_t index, const void* value) {
  if (sizes_[index] > 0) std::memcpy(cells_.data() + firstCells_[index], value, sizes_[index]);
}

void ArgumentPack::seal() {
  pointers_.clear();
  pointers_.reserve(firstCells_.size());
  for (const std::size_t first : firstCells_) pointers_.push_back(cells_.data() + first);
}

}  // namespace infinitile

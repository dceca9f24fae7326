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
  Cell* const place = cells_.data() + firstCells_[index];
  if (std::memcmp(place, value, sizes_[index]) == 0) return;
  std::memcpy(place, value, sizes_[index]);
  ++revision_;
}

void ArgumentPack::seal() {
  pointers_.clear();
  pointers_.reserve(firstCells_.size());
  for (const std::size_t first : firstCells_) pointers_.push_back(cells_.data() + first);
}

}  // namespace infinitile

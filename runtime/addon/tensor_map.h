#pragma once

#include <cstddef>
#include <cstdint>

namespace infinitile {

/**
 * A row-major matrix of 16-bit elements, each of whose rows holds `planes` rows of `cols`, and the tile of one plane that one copy
 * of the GPU's copy engine brings into shared memory.
 */
struct TiledMatrix {
  std::uint64_t address = 0;
  std::uint64_t rows = 0;
  std::uint64_t cols = 0;
  std::uint64_t planes = 1;
  std::uint64_t pitchBytes = 0;
  std::uint64_t planePitchBytes = 0;
  std::uint32_t boxRows = 0;
  std::uint32_t boxCols = 0;
};

/** CUtensorMap: the driver writes it, kernels take it by value, both at 64 bytes of alignment. */
struct alignas(64) TensorMap {
  unsigned char bytes[128];
};

}  // namespace infinitile

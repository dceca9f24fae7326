#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "argument_pack.h"
#include "buffer.h"
#include "module.h"

namespace infinitile {

struct Launch {
  std::shared_ptr<Module> module;
  Kernel* kernel = nullptr;
  std::uint32_t grid = 1;
  std::uint32_t threads = 1;
  std::uint32_t sharedBytes = 0;
  ArgumentPack arguments;
  /** What the arguments point into. */
  std::vector<std::shared_ptr<Buffer>> buffers;
};

struct Fill {
  std::shared_ptr<Buffer> buffer;
  std::size_t offset = 0;
  std::size_t words = 0;
  std::uint32_t pattern = 0;
};

using Command = std::variant<Launch, Fill>;

/** What `run` was given, read once on the main thread: no JavaScript value in it, everything it needs owned by it. */
class CommandList {
 public:
  std::vector<Command> commands;

  /** `command 2 of 7 (launch stats, grid 128, 256 threads, 0 bytes shared)`. */
  std::string describe(std::size_t index) const;
  /** The kernels' names in the first commands, each once, in order. */
  std::string kernelNames(std::size_t commandCount) const;
};

}  // namespace infinitile

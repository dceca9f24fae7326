#include "elf_file.h"

#if defined(__linux__)

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace infinitile {

void refuseTruncatedElf(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return;
  const std::uint64_t size = static_cast<std::uint64_t>(file.tellg());

  Elf64_Ehdr header;
  file.seekg(0);
  if (!file.read(reinterpret_cast<char*>(&header), sizeof header)) return;
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) return;

  // The section headers are the last thing a linker writes, and segments are what the loader maps.
  std::uint64_t needed = header.e_shoff + std::uint64_t{header.e_shnum} * header.e_shentsize;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    file.seekg(static_cast<std::streamoff>(header.e_phoff + std::uint64_t{i} * header.e_phentsize));
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof segment)) {
      needed = std::max<std::uint64_t>(needed, size + 1);
      break;
    }
    if (segment.p_type == PT_LOAD) needed = std::max<std::uint64_t>(needed, segment.p_offset + segment.p_filesz);
  }
  if (needed > size)
    throw std::runtime_error(path + ": file is truncated: " + std::to_string(size) + " bytes of at least " +
                             std::to_string(needed));
}

}  // namespace infinitile

#else

namespace infinitile {

void refuseTruncatedElf(const std::string&) {}

}  // namespace infinitile

#endif

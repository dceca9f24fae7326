#pragma once

#include <string>

namespace infinitile {

/**
 * Throws when the file is an ELF file cut short. The loader maps such a file without complaint, and the process dies of
 * SIGBUS at the first access beyond its end. Whatever else may be wrong with it, the loader says itself.
 */
void refuseTruncatedElf(const std::string& path);

}  // namespace infinitile

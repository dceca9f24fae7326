#pragma once

#include <cstddef>

#include "command_list.h"
#include "cuda_driver.h"

namespace infinitile {

/** What has to be right before a kernel is launched, alone or in a graph. The device's thread, within the context. */

/** Throws, naming the command, unless the launch's arguments are of its kernel's parameters' sizes, where the driver can tell them. */
void checkArguments(const CommandList& list, std::size_t index);

/** More than 48 KiB of shared memory have to be asked for: once for each kernel, and again for more. */
cuda::Result allowSharedBytes(const CudaDriver& driver, const Launch& launch);

}  // namespace infinitile

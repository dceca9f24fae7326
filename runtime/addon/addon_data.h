#pragma once

#include <napi.h>

#include <memory>

#include "cuda_driver.h"
#include "nccl_library.h"
#include "nvrtc.h"

namespace infinitile {

/** What the addon keeps per JavaScript environment (the main thread and each worker thread have one of their own). */
class AddonData {
 public:
  static AddonData& of(Napi::Env env);
  explicit AddonData(Napi::Env env);

  Napi::FunctionReference device;
  Napi::FunctionReference buffer;
  Napi::FunctionReference module;
  Napi::FunctionReference list;
  Napi::FunctionReference transport;

  /** Opens the driver when asked for the first time. */
  const std::shared_ptr<const CudaDriver>& cuda();

  std::shared_ptr<const Nvrtc> nvrtc;
  std::shared_ptr<const NcclLibrary> nccl;

 private:
  std::shared_ptr<const CudaDriver> cuda_;
};

}  // namespace infinitile

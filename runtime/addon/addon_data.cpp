#include "addon_data.h"

#include "buffer_object.h"
#include "device_object.h"
#include "list_object.h"
#include "module_object.h"
#include "transport_object.h"

namespace infinitile {

AddonData& AddonData::of(Napi::Env env) { return *env.GetInstanceData<AddonData>(); }

AddonData::AddonData(Napi::Env env)
    : device(Napi::Persistent(DeviceObject::define(env))),
      buffer(Napi::Persistent(BufferObject::define(env))),
      module(Napi::Persistent(ModuleObject::define(env))),
      list(Napi::Persistent(ListObject::define(env))),
      transport(Napi::Persistent(TransportObject::define(env))) {}

const std::shared_ptr<const CudaDriver>& AddonData::cuda() {
  if (!cuda_) cuda_ = std::make_shared<const CudaDriver>();
  return cuda_;
}

}  // namespace infinitile

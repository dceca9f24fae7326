#include <napi.h>

#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "addon_data.h"
#include "arguments.h"
#include "cuda_device.h"
#include "device_object.h"
#include "host_device.h"
#include "nvrtc_worker.h"
#include "transport_functions.h"

/** The module's exports: NativeAddon of runtime/addon.ts. */
namespace infinitile {

namespace {

Napi::Value openCuda(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const CudaDriver& driver = *AddonData::of(env).cuda();
  Napi::Array devices = Napi::Array::New(env);
  for (const CudaDeviceInfo& device : driver.devices()) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("ordinal", device.ordinal);
    object.Set("name", device.name);
    object.Set("computeMajor", device.computeMajor);
    object.Set("computeMinor", device.computeMinor);
    object.Set("multiprocessors", device.multiprocessors);
    object.Set("totalBytes", static_cast<double>(device.totalBytes));
    object.Set("sharedBytesPerBlock", device.sharedBytesPerBlock);
    devices.Set(devices.Length(), object);
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("path", driver.path());
  result.Set("driverVersion", driver.version());
  result.Set("devices", devices);
  return result;
}

Napi::Value openNvrtc(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto nvrtc = std::make_shared<const Nvrtc>(readOptionalString(info[0], "path"), readOptionalString(info[1], "builtins"));
  Napi::Object result = Napi::Object::New(env);
  result.Set("path", nvrtc->path());
  if (nvrtc->builtins())
    result.Set("builtins", *nvrtc->builtins());
  else
    result.Set("builtins", env.Null());
  result.Set("major", nvrtc->major());
  result.Set("minor", nvrtc->minor());
  AddonData::of(env).nvrtc = std::move(nvrtc);
  return result;
}

Napi::Value compileCuda(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const std::shared_ptr<const Nvrtc>& nvrtc = AddonData::of(env).nvrtc;
    if (!nvrtc) throw std::runtime_error("NVRTC is not open: call openNvrtc first");
    const Napi::Object object = readObject(info[0], "request");
    Nvrtc::Request request;
    request.name = readString(object.Get("name"), "name");
    request.source = readString(object.Get("source"), "source");
    const Napi::Array options = readArray(object.Get("options"), "options");
    for (std::uint32_t i = 0; i < options.Length(); ++i)
      request.options.push_back(readString(options.Get(i), "an option"));
    return NvrtcWorker::start(env, nvrtc, std::move(request));
  });
}

Napi::Value createHostDevice(const Napi::CallbackInfo& info) {
  return DeviceObject::create(info.Env(), std::make_shared<HostDevice>());
}

Napi::Value createCudaDevice(const Napi::CallbackInfo& info) {
  const auto ordinal =
      static_cast<int>(readInteger(info[0], "ordinal", 0, std::numeric_limits<int>::max()));
  return DeviceObject::create(info.Env(), std::make_shared<CudaDevice>(AddonData::of(info.Env()).cuda(), ordinal));
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new AddonData(env));
  exports.Set("version", INFINITILE_VERSION);
  exports.Set("openCuda", Napi::Function::New<openCuda>(env, "openCuda"));
  exports.Set("openNvrtc", Napi::Function::New<openNvrtc>(env, "openNvrtc"));
  exports.Set("compileCuda", Napi::Function::New<compileCuda>(env, "compileCuda"));
  exports.Set("createHostDevice", Napi::Function::New<createHostDevice>(env, "createHostDevice"));
  exports.Set("createCudaDevice", Napi::Function::New<createCudaDevice>(env, "createCudaDevice"));
  defineTransportFunctions(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(infinitile, initialise)

}  // namespace infinitile

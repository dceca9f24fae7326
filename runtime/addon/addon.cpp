#include <napi.h>

#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "addon_data.h"
#include "arguments.h"
#include "cuda_device.h"
#include "device_object.h"
#include "foreign_transport.h"
#include "host_device.h"
#include "local_transport.h"
#include "nvrtc_worker.h"
#include "transport_object.h"

/** The module's exports: NativeAddon of runtime/addon.ts. */
namespace infinitile {

namespace {

/** Each is a device with a thread of its own. */
constexpr std::int64_t kMostLocalRanks = 256;

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

std::optional<std::string> readOptionalString(const Napi::Value& value, const char* what) {
  if (value.IsNull() || value.IsUndefined()) return std::nullopt;
  return readString(value, what);
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

std::chrono::milliseconds readPatience(const Napi::Value& value) {
  return std::chrono::milliseconds(readInteger(value, "patience", 1, std::numeric_limits<int>::max()));
}

Napi::Value createLocalTransports(const Napi::CallbackInfo& info) {
  const auto ranks = static_cast<int>(readInteger(info[0], "ranks", 1, kMostLocalRanks));
  const auto group = std::make_shared<LocalGroup>(ranks, readPatience(info[1]));
  Napi::Array transports = Napi::Array::New(info.Env());
  for (int rank = 0; rank < ranks; ++rank)
    transports.Set(static_cast<std::uint32_t>(rank), TransportObject::create(info.Env(), std::make_shared<LocalTransport>(group, rank)));
  return transports;
}

Napi::Value adoptTransport(const Napi::CallbackInfo& info) {
  return TransportObject::create(info.Env(), ForeignTransport::take(info[0]));
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new AddonData(env));
  exports.Set("version", INFINITILE_VERSION);
  exports.Set("openCuda", Napi::Function::New<openCuda>(env, "openCuda"));
  exports.Set("openNvrtc", Napi::Function::New<openNvrtc>(env, "openNvrtc"));
  exports.Set("compileCuda", Napi::Function::New<compileCuda>(env, "compileCuda"));
  exports.Set("createHostDevice", Napi::Function::New<createHostDevice>(env, "createHostDevice"));
  exports.Set("createCudaDevice", Napi::Function::New<createCudaDevice>(env, "createCudaDevice"));
  exports.Set("createLocalTransports", Napi::Function::New<createLocalTransports>(env, "createLocalTransports"));
  exports.Set("adoptTransport", Napi::Function::New<adoptTransport>(env, "adoptTransport"));
  return exports;
}

}  // namespace

NODE_API_MODULE(infinitile, initialise)

}  // namespace infinitile

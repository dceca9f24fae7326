#include "device_object.h"

#include <stdexcept>
#include <utility>

#include "addon_data.h"
#include "arguments.h"
#include "buffer_object.h"
#include "command_parser.h"
#include "errors.h"
#include "list_object.h"
#include "module_object.h"

namespace infinitile {

namespace {

constexpr napi_type_tag kTag = {0x2f0c4e1b6a5d4b0a, 0x9e7c3d21f8b60005};

}  // namespace

Napi::Function DeviceObject::define(Napi::Env env) {
  return DefineClass(
      env, "NativeDevice",
      {InstanceMethod<&DeviceObject::allocate>("allocate"), InstanceMethod<&DeviceObject::loadModule>("loadModule"),
       InstanceMethod<&DeviceObject::run>("run"), InstanceMethod<&DeviceObject::profile>("profile"),
       InstanceMethod<&DeviceObject::prepare>("prepare"), InstanceMethod<&DeviceObject::reaches>("reaches"),
       InstanceMethod<&DeviceObject::close>("close"),
       InstanceAccessor<&DeviceObject::allocatedBytes>("allocatedBytes"),
       InstanceAccessor<&DeviceObject::peakBytes>("peakBytes"),
       InstanceMethod<&DeviceObject::resetPeak>("resetPeak")});
}

Napi::Object DeviceObject::create(Napi::Env env, std::shared_ptr<Device> device) {
  return AddonData::of(env).device.New({Napi::External<std::shared_ptr<Device>>::New(env, &device)});
}

const std::shared_ptr<DeviceState>& DeviceObject::get(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag)) throw Napi::TypeError::New(value.Env(), "not a device");
  return Unwrap(value.As<Napi::Object>())->state_;
}

DeviceObject::DeviceObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "devices come from createHostDevice() and createCudaDevice()");
  state_ = std::make_shared<DeviceState>(info.Env(), *info[0].As<Napi::External<std::shared_ptr<Device>>>().Data());
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

Napi::Value DeviceObject::allocate(const Napi::CallbackInfo& info) {
  const std::size_t bytes = readSize(info[0], "bytes");
  try {
    return BufferObject::create(info.Env(), state_, state_->allocate(bytes));
  } catch (const OutOfMemory& failure) {
    const Napi::Error error = Napi::Error::New(info.Env(), failure.what());
    error.Set("code", "OUT_OF_MEMORY");
    throw error;
  }
}

Napi::Value DeviceObject::loadModule(const Napi::CallbackInfo& info) {
  ModuleSource source;
  if (info[0].IsString()) {
    source.path = readString(info[0], "source");
  } else {
    const Bytes view = readView(info[0], "source");
    if (view.size > 0) source.image.assign(static_cast<const char*>(view.data), view.size);
  }
  return ModuleObject::create(info.Env(), state_, state_->open()->loadModule(source));
}

Napi::Value DeviceObject::run(const Napi::CallbackInfo& info) {
  return submit(info, [](Device& device, CommandList& list, unsigned char* outputs,
                         const std::atomic<bool>& cancelled) -> WorkQueue::Result {
    return device.run(list, outputs, cancelled);
  });
}

Napi::Value DeviceObject::profile(const Napi::CallbackInfo& info) {
  return submit(info, [](Device& device, CommandList& list, unsigned char* outputs,
                         const std::atomic<bool>& cancelled) -> WorkQueue::Result {
    return device.profile(list, outputs, cancelled);
  });
}

Napi::Value DeviceObject::submit(const Napi::CallbackInfo& info, ListObject::Work work) {
  return promised(info.Env(), [&]() -> Napi::Value {
    state_->open();
    const auto list = std::make_shared<CommandList>(CommandParser(*state_).parse(info[0]));
    return ListObject::submit(*state_, list, work, info.Env().Undefined(), info[1], info.This().As<Napi::Object>());
  });
}

Napi::Value DeviceObject::prepare(const Napi::CallbackInfo& info) {
  state_->open();
  return ListObject::create(info.Env(), state_, std::make_shared<CommandList>(CommandParser(*state_).parse(info[0])));
}

Napi::Value DeviceObject::reaches(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), state_->reaches(*get(info[0])));
}

void DeviceObject::close(const Napi::CallbackInfo&) { state_->close(); }

Napi::Value DeviceObject::allocatedBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(state_->meter()->current()));
}

Napi::Value DeviceObject::peakBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(state_->meter()->peak()));
}

void DeviceObject::resetPeak(const Napi::CallbackInfo&) { state_->meter()->resetPeak(); }

}  // namespace infinitile

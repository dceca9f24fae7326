#include "transport_object.h"

#include <stdexcept>
#include <utility>

#include "addon_data.h"
#include "arguments.h"

namespace infinitile {

namespace {

constexpr napi_type_tag kTag = {0x2f0c4e1b6a5d4b0a, 0x9e7c3d21f8b60003};

}  // namespace

Napi::Function TransportObject::define(Napi::Env env) {
  return DefineClass(env, "NativeTransport",
                     {InstanceAccessor<&TransportObject::rank>("rank"), InstanceAccessor<&TransportObject::ranks>("ranks"),
                      InstanceAccessor<&TransportObject::sentBytes>("sentBytes"),
                      InstanceMethod<&TransportObject::abort>("abort")});
}

Napi::Object TransportObject::create(Napi::Env env, std::shared_ptr<Transport> transport) {
  return AddonData::of(env).transport.New({Napi::External<std::shared_ptr<Transport>>::New(env, &transport)});
}

const std::shared_ptr<Transport>& TransportObject::get(const Napi::Value& value, const DeviceState& state) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTag))
    throw Napi::TypeError::New(value.Env(), "not a transport");
  TransportObject& object = *Unwrap(value.As<Napi::Object>());
  if (object.user_ && object.user_ != &state) throw std::invalid_argument("the transport carries another device's messages");
  object.user_ = &state;
  return object.transport_;
}

TransportObject::TransportObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "transports come from the addon's functions");
  transport_ = std::move(*info[0].As<Napi::External<std::shared_ptr<Transport>>>().Data());
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

Napi::Value TransportObject::rank(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), transport_->rank());
}

Napi::Value TransportObject::ranks(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), transport_->ranks());
}

Napi::Value TransportObject::sentBytes(const Napi::CallbackInfo& info) {
  Napi::Float64Array bytes = Napi::Float64Array::New(info.Env(), static_cast<std::size_t>(transport_->ranks()));
  for (int peer = 0; peer < transport_->ranks(); ++peer)
    bytes[static_cast<std::size_t>(peer)] = static_cast<double>(transport_->sentBytes(peer));
  return bytes;
}

void TransportObject::abort(const Napi::CallbackInfo& info) { transport_->abort(readString(info[0], "reason")); }

}  // namespace infinitile

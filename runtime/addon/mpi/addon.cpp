#include <napi.h>

#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "../arguments.h"
#include "../foreign_transport.h"
#include "membership.h"

/** The module's exports: MpiAddon of runtime/transport/mpi-addon.ts. */
namespace infinitile {

namespace {

Membership& membershipOf(const Napi::CallbackInfo& info) { return *info.Env().GetInstanceData<Membership>(); }

std::chrono::milliseconds readPatience(const Napi::Value& value) {
  return std::chrono::milliseconds(readInteger(value, "patience", 1, std::numeric_limits<std::int32_t>::max()));
}

Napi::Function readFunction(const Napi::Value& value, const char* what) {
  if (!value.IsFunction()) throw Napi::TypeError::New(value.Env(), std::string(what) + " must be a function");
  return value.As<Napi::Function>();
}

Napi::Value start(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    return membershipOf(info).start(info.Env(), readFunction(info[0], "onLost"));
  });
}

Napi::Value gather(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value {
    const Bytes view = readView(info[0], "bytes");
    const auto* data = static_cast<const unsigned char*>(view.data);
    Gather::Bytes bytes;
    if (view.size > 0) bytes.assign(data, data + view.size);
    return membershipOf(info).gather(info.Env(), std::move(bytes), readPatience(info[1]), readString(info[2], "what"));
  });
}

Napi::Value createTransport(const Napi::CallbackInfo& info) {
  return ForeignTransport::give(info.Env(), membershipOf(info).createTransport(readPatience(info[0])));
}

void fail(const Napi::CallbackInfo& info) { membershipOf(info).fail(readString(info[0], "reason")); }

void kill(const Napi::CallbackInfo& info) {
  membershipOf(info).kill(static_cast<int>(readInteger(info[0], "code", 1, 255)));
}

Napi::Value finalize(const Napi::CallbackInfo& info) {
  return promised(info.Env(), [&]() -> Napi::Value { return membershipOf(info).end(info.Env()); });
}

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Membership(env));
  exports.Set("version", INFINITILE_VERSION);
  exports.Set("init", Napi::Function::New<start>(env, "init"));
  exports.Set("gather", Napi::Function::New<gather>(env, "gather"));
  exports.Set("createTransport", Napi::Function::New<createTransport>(env, "createTransport"));
  exports.Set("fail", Napi::Function::New<fail>(env, "fail"));
  exports.Set("kill", Napi::Function::New<kill>(env, "kill"));
  exports.Set("finalize", Napi::Function::New<finalize>(env, "finalize"));
  return exports;
}

}  // namespace

NODE_API_MODULE(infinitile_mpi, initialise)

}  // namespace infinitile

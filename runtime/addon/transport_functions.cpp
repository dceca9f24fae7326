#include "transport_functions.h"

#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>

#include "addon_data.h"
#include "arguments.h"
#include "cuda_device.h"
#include "device_object.h"
#include "foreign_transport.h"
#include "local_transport.h"
#include "nccl_transport.h"
#include "transport_object.h"

namespace infinitile {

namespace {

constexpr std::int64_t kLargestInt32 = std::numeric_limits<std::int32_t>::max();

/** Each is a device with a thread of its own. */
constexpr std::int64_t kMostLocalRanks = 256;

std::chrono::milliseconds readPatience(const Napi::Value& value) {
  return std::chrono::milliseconds(readInteger(value, "patience", 1, kLargestInt32));
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

Napi::Value openNccl(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto nccl = std::make_shared<const NcclLibrary>(readOptionalString(info[0], "path"));
  Napi::Object result = Napi::Object::New(env);
  result.Set("path", nccl->path());
  result.Set("version", nccl->version());
  AddonData::of(env).nccl = std::move(nccl);
  return result;
}

const std::shared_ptr<const NcclLibrary>& ncclOf(Napi::Env env) {
  const std::shared_ptr<const NcclLibrary>& nccl = AddonData::of(env).nccl;
  if (!nccl) throw std::runtime_error("NCCL is not open: call openNccl first");
  return nccl;
}

Napi::Value createNcclId(const Napi::CallbackInfo& info) {
  const nccl::UniqueId id = ncclOf(info.Env())->createId();
  auto bytes = Napi::Uint8Array::New(info.Env(), sizeof id);
  std::memcpy(bytes.Data(), &id, sizeof id);
  return bytes;
}

NcclMembership readMembership(const Napi::Object& request) {
  NcclMembership membership;
  const Bytes id = readView(request.Get("id"), "id");
  if (id.size != sizeof membership.id)
    throw std::invalid_argument("id must have " + std::to_string(sizeof membership.id) + " bytes, not " + std::to_string(id.size));
  std::memcpy(&membership.id, id.data, id.size);
  membership.ranks = static_cast<int>(readInteger(request.Get("ranks"), "ranks", 1, kLargestInt32));
  membership.rank = static_cast<int>(readInteger(request.Get("rank"), "rank", 0, membership.ranks - 1));
  membership.patience = readPatience(request.Get("patience"));
  return membership;
}

Napi::Value createNcclTransport(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return promised(env, [&]() -> Napi::Value {
    const Napi::Object request = readObject(info[0], "request");
    const Napi::Value object = request.Get("device");
    const std::shared_ptr<DeviceState>& state = DeviceObject::get(object);
    const auto device = std::dynamic_pointer_cast<CudaDevice>(state->open());
    if (!device) throw std::invalid_argument("NCCL sends between GPUs: the device is none");
    // On the device's thread: it waits for the other ranks, and what is closed waits no longer.
    WorkQueue::Work join = [nccl = ncclOf(env), device, membership = readMembership(request)](
                               const std::atomic<bool>& cancelled) -> WorkQueue::Result {
      const CudaContext::Scope scope(*device->context());
      scope.require();
      return std::shared_ptr<Transport>(std::make_shared<NcclTransport>(nccl, device->context(), membership, cancelled));
    };
    std::vector<Napi::ObjectReference> keep;
    keep.push_back(Napi::Persistent(object.As<Napi::Object>()));
    return state->queue().submit(env, std::move(join), std::move(keep));
  });
}

}  // namespace

void defineTransportFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("createLocalTransports", Napi::Function::New<createLocalTransports>(env, "createLocalTransports"));
  exports.Set("adoptTransport", Napi::Function::New<adoptTransport>(env, "adoptTransport"));
  exports.Set("openNccl", Napi::Function::New<openNccl>(env, "openNccl"));
  exports.Set("createNcclId", Napi::Function::New<createNcclId>(env, "createNcclId"));
  exports.Set("createNcclTransport", Napi::Function::New<createNcclTransport>(env, "createNcclTransport"));
}

}  // namespace infinitile

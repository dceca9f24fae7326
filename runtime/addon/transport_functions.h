#pragma once

#include <napi.h>

namespace infinitile {

/** The addon's exports that make transports. */
void defineTransportFunctions(Napi::Env env, Napi::Object exports);

}  // namespace infinitile

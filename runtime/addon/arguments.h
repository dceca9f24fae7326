#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace infinitile {

/** Reads values that JavaScript passed. `what` names the value in the error. */

/** A whole number from 0 to 2^53 - 1. */
std::size_t readSize(const Napi::Value& value, const char* what);
/** A whole number from `low` to `high`. */
std::int64_t readInteger(const Napi::Value& value, const char* what, std::int64_t low, std::int64_t high);
double readNumber(const Napi::Value& value, const char* what);
std::string readString(const Napi::Value& value, const char* what);
/** Absent for null and undefined. */
std::optional<std::string> readOptionalString(const Napi::Value& value, const char* what);
Napi::Object readObject(const Napi::Value& value, const char* what);
Napi::Array readArray(const Napi::Value& value, const char* what);

struct Bytes {
  void* data;
  std::size_t size;
};
/** The bytes of a typed array or a DataView, where they lie. */
Bytes readView(const Napi::Value& value, const char* what);

/** Throws unless `offset` and `bytes` lie within `size`. */
void checkRange(std::size_t offset, std::size_t bytes, std::size_t size, const char* what);

/** Runs `body`, which returns a promise; what it throws becomes a promise that is rejected. */
template <class Body>
Napi::Value promised(Napi::Env env, Body&& body) {
  Napi::Value reason;
  try {
    return body();
  } catch (const Napi::Error& error) {
    reason = error.Value();
  } catch (const std::exception& error) {
    reason = Napi::Error::New(env, error.what()).Value();
  }
  const auto deferred = Napi::Promise::Deferred::New(env);
  deferred.Reject(reason);
  return deferred.Promise();
}

}  // namespace infinitile

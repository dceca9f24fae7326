#include "arguments.h"

#include <cmath>
#include <stdexcept>

namespace infinitile {

namespace {

[[noreturn]] void refuse(const Napi::Value& value, const char* what, const std::string& wanted) {
  throw Napi::TypeError::New(value.Env(), std::string(what) + " must be " + wanted);
}

}  // namespace

double readNumber(const Napi::Value& value, const char* what) {
  if (!value.IsNumber()) refuse(value, what, "a number");
  return value.As<Napi::Number>().DoubleValue();
}

std::int64_t readInteger(const Napi::Value& value, const char* what, std::int64_t low, std::int64_t high) {
  const double number = readNumber(value, what);
  if (!(number >= static_cast<double>(low) && number <= static_cast<double>(high)) || std::floor(number) != number)
    throw Napi::RangeError::New(value.Env(), std::string(what) + " must be a whole number from " + std::to_string(low) +
                                                 " to " + std::to_string(high) + ", not " +
                                                 value.ToString().Utf8Value());
  return static_cast<std::int64_t>(number);
}

std::size_t readSize(const Napi::Value& value, const char* what) {
  return static_cast<std::size_t>(readInteger(value, what, 0, (std::int64_t{1} << 53) - 1));
}

std::string readString(const Napi::Value& value, const char* what) {
  if (!value.IsString()) refuse(value, what, "a string");
  return value.As<Napi::String>().Utf8Value();
}

std::optional<std::string> readOptionalString(const Napi::Value& value, const char* what) {
  if (value.IsNull() || value.IsUndefined()) return std::nullopt;
  return readString(value, what);
}

Napi::Object readObject(const Napi::Value& value, const char* what) {
  if (!value.IsObject()) refuse(value, what, "an object");
  return value.As<Napi::Object>();
}

Napi::Array readArray(const Napi::Value& value, const char* what) {
  if (!value.IsArray()) refuse(value, what, "an array");
  return value.As<Napi::Array>();
}

Bytes readView(const Napi::Value& value, const char* what) {
  const napi_env env = value.Env();
  void* data = nullptr;
  std::size_t size = 0;
  if (value.IsTypedArray()) {
    const auto array = value.As<Napi::TypedArray>();
    if (napi_get_typedarray_info(env, value, nullptr, nullptr, &data, nullptr, nullptr) != napi_ok)
      throw Napi::Error::New(env);
    size = array.ByteLength();
  } else if (value.IsDataView()) {
    if (napi_get_dataview_info(env, value, &size, &data, nullptr, nullptr) != napi_ok) throw Napi::Error::New(env);
  } else {
    refuse(value, what, "a typed array or a DataView");
  }
  return {data, size};
}

void checkRange(std::size_t offset, std::size_t bytes, std::size_t size, const char* what) {
  if (offset <= size && bytes <= size - offset) return;
  throw std::out_of_range(std::string(what) + ": " + std::to_string(bytes) + " bytes at byte " + std::to_string(offset) +
                          " of a buffer of " + std::to_string(size));
}

}  // namespace infinitile

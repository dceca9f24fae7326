#include "host_device.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "errors.h"
#include "host_buffer.h"
#include "host_module.h"

namespace infinitile {

namespace {

unsigned char* at(const Buffer& buffer, std::size_t offset) {
  return reinterpret_cast<unsigned char*>(buffer.address()) + offset;
}

double millisecondsSince(HostDevice::Time::time_point begin) {
  return std::chrono::duration<double, std::milli>(HostDevice::Time::now() - begin).count();
}

}  // namespace

void HostDevice::execute(const Command& command, unsigned char* outputs, Time::time_point begin,
                         const std::atomic<bool>& cancelled) {
  if (const Launch* launch = std::get_if<Launch>(&command)) {
    const auto function = reinterpret_cast<HostModule::Function>(launch->kernel->function);
    function(launch->arguments.pointers());
    return;
  }
  if (const Fill* fill = std::get_if<Fill>(&command)) {
    std::fill_n(reinterpret_cast<std::uint32_t*>(at(*fill->buffer, fill->offset)), fill->words, fill->pattern);
    return;
  }
  if (const Read* read = std::get_if<Read>(&command)) {
    if (read->bytes > 0) std::memcpy(outputs + read->at, at(*read->buffer, read->offset), read->bytes);
    return;
  }
  if (const Exchange* exchange = std::get_if<Exchange>(&command)) {
    messages_.start(*exchange);
    return;
  }
  if (const Join* join = std::get_if<Join>(&command)) {
    messages_.join(*join, cancelled);
    return;
  }
  const double milliseconds = millisecondsSince(begin);
  std::memcpy(outputs + std::get<Clock>(command).at, &milliseconds, sizeof milliseconds);
}

void HostDevice::executeNext(const CommandList& list, std::size_t index, unsigned char* outputs, Time::time_point begin,
                             const std::atomic<bool>& cancelled) {
  if (cancelled) throw std::runtime_error("the device was closed before " + list.describe(index));
  try {
    execute(list.commands[index], outputs, begin, cancelled);
  } catch (const TransportFailure&) {
    throw;
  } catch (const std::exception& error) {
    throw std::runtime_error(list.describe(index) + ": " + error.what());
  } catch (...) {
    throw std::runtime_error(list.describe(index) + ": the function threw");
  }
}

std::shared_ptr<Buffer> HostDevice::allocate(std::size_t bytes) { return std::make_shared<HostBuffer>(bytes, meter_); }

std::shared_ptr<Module> HostDevice::loadModule(const ModuleSource& source) {
  if (source.path.empty()) throw std::invalid_argument("a host module is loaded from the path of a shared object");
  return std::make_shared<HostModule>(source.path);
}

TensorMap HostDevice::encodeTensorMap(const TiledMatrix&) const {
  throw std::invalid_argument("tensor maps are for a GPU's copy engine; a kernel on the host takes a pointer");
}

void HostDevice::write(Buffer& buffer, std::size_t offset, const void* source, std::size_t bytes) {
  if (bytes > 0) std::memcpy(at(buffer, offset), source, bytes);
}

void HostDevice::read(const Buffer& buffer, std::size_t offset, void* target, std::size_t bytes) {
  if (bytes > 0) std::memcpy(target, at(buffer, offset), bytes);
}

double HostDevice::run(const CommandList& list, unsigned char* outputs, const std::atomic<bool>& cancelled) {
  const Time::time_point begin = Time::now();
  for (std::size_t i = 0; i < list.commands.size(); ++i) executeNext(list, i, outputs, begin, cancelled);
  return millisecondsSince(begin);
}

bool HostDevice::reaches(const Device& other) const { return dynamic_cast<const HostDevice*>(&other) != nullptr; }

std::vector<double> HostDevice::profile(const CommandList& list, unsigned char* outputs,
                                        const std::atomic<bool>& cancelled) {
  std::vector<double> milliseconds;
  milliseconds.reserve(list.commands.size());
  const Time::time_point begin = Time::now();
  for (std::size_t i = 0; i < list.commands.size(); ++i) {
    const Time::time_point commandBegin = Time::now();
    executeNext(list, i, outputs, begin, cancelled);
    milliseconds.push_back(millisecondsSince(commandBegin));
  }
  return milliseconds;
}

}  // namespace infinitile

#include "host_device.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "host_buffer.h"
#include "host_module.h"

namespace infinitile {

namespace {

unsigned char* at(const Buffer& buffer, std::size_t offset) {
  return static_cast<const HostBuffer&>(buffer).data() + offset;
}

void execute(const Command& command) {
  if (const Launch* launch = std::get_if<Launch>(&command)) {
    const auto function = reinterpret_cast<HostModule::Function>(launch->kernel->function);
    function(launch->arguments.pointers());
    return;
  }
  const Fill& fill = std::get<Fill>(command);
  std::fill_n(reinterpret_cast<std::uint32_t*>(at(*fill.buffer, fill.offset)), fill.words, fill.pattern);
}

/** One command of a list; what fails is named. */
void executeNext(const CommandList& list, std::size_t index, const std::atomic<bool>& cancelled) {
  if (cancelled) throw std::runtime_error("the device was closed before " + list.describe(index));
  try {
    execute(list.commands[index]);
  } catch (const std::exception& error) {
    throw std::runtime_error(list.describe(index) + ": " + error.what());
  } catch (...) {
    throw std::runtime_error(list.describe(index) + ": the function threw");
  }
}

using Clock = std::chrono::steady_clock;

double millisecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

}  // namespace

std::shared_ptr<Buffer> HostDevice::allocate(std::size_t bytes) { return std::make_shared<HostBuffer>(bytes, meter_); }

std::shared_ptr<Module> HostDevice::loadModule(const ModuleSource& source) {
  if (source.path.empty()) throw std::invalid_argument("a host module is loaded from the path of a shared object");
  return std::make_shared<HostModule>(source.path);
}

void HostDevice::write(Buffer& buffer, std::size_t offset, const void* source, std::size_t bytes) {
  if (bytes > 0) std::memcpy(at(buffer, offset), source, bytes);
}

void HostDevice::read(const Buffer& buffer, std::size_t offset, void* target, std::size_t bytes) {
  if (bytes > 0) std::memcpy(target, at(buffer, offset), bytes);
}

double HostDevice::run(const CommandList& list, const std::atomic<bool>& cancelled) {
  const Clock::time_point begin = Clock::now();
  for (std::size_t i = 0; i < list.commands.size(); ++i) executeNext(list, i, cancelled);
  return millisecondsSince(begin);
}

std::vector<double> HostDevice::profile(const CommandList& list, const std::atomic<bool>& cancelled) {
  std::vector<double> milliseconds;
  milliseconds.reserve(list.commands.size());
  for (std::size_t i = 0; i < list.commands.size(); ++i) {
    const Clock::time_point begin = Clock::now();
    executeNext(list, i, cancelled);
    milliseconds.push_back(millisecondsSince(begin));
  }
  return milliseconds;
}

}  // namespace infinitile

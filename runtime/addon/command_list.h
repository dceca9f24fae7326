#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "argument_pack.h"
#include "buffer.h"
#include "module.h"
#include "transport.h"

namespace infinitile {

struct Launch {
  std::shared_ptr<Module> module;
  Kernel* kernel = nullptr;
  std::uint32_t grid = 1;
  std::uint32_t threads = 1;
  std::uint32_t sharedBytes = 0;
  ArgumentPack arguments;
  /** What the arguments point into. */
  std::vector<std::shared_ptr<Buffer>> buffers;
};

struct Fill {
  std::shared_ptr<Buffer> buffer;
  std::size_t offset = 0;
  std::size_t words = 0;
  std::uint32_t pattern = 0;
};

/** Copies bytes of a buffer to the outputs, from byte `at`. */
struct Read {
  std::shared_ptr<Buffer> buffer;
  std::size_t offset = 0;
  std::size_t bytes = 0;
  std::size_t at = 0;
};

/** Writes the milliseconds since the list began, a double, to the outputs, at byte `at`. */
struct Clock {
  std::size_t at = 0;
};

/** Starts messages, which go on beside what comes after. `step`: for errors. */
struct Exchange {
  std::shared_ptr<Transport> transport;
  std::vector<Message> messages;
  std::string step;
};

/** Lets what comes after wait for all messages that were started. */
struct Join {
  std::shared_ptr<Transport> transport;
};

using Command = std::variant<Launch, Fill, Read, Clock, Exchange, Join>;

/** An argument whose value comes with each run, from byte `offset` of its inputs. */
struct Input {
  std::size_t command = 0;
  std::size_t argument = 0;
  std::size_t offset = 0;
};

/** What a device has made of a list to run it again. Goes with the list, on any thread. */
class Recording {
 public:
  virtual ~Recording() = default;
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

 protected:
  Recording() = default;
};

/**
 * What `run` or `prepare` was given, read once on the main thread: no JavaScript value in it, everything it needs owned by
 * it. Runs of one list follow each other on the device's thread.
 */
class CommandList {
 public:
  std::vector<Command> commands;
  std::vector<Input> inputs;
  /** Bytes that a run must bring, and must have room for. */
  std::size_t inputBytes = 0;
  std::size_t outputBytes = 0;
  /** Bytes of all reads. */
  std::size_t readBytes = 0;
  /** Of a list that is prepared, the device's thread; it may refer to what the commands own. */
  std::unique_ptr<Recording> recording;

  /** The device's thread, before a run. */
  void setInputs(const unsigned char* values);

  /** Whether it sends, receives or waits for messages. */
  bool hasMessages() const;
  /** `command 2 of 7 (launch stats, grid 128, 256 threads, 0 bytes shared)`. */
  std::string describe(std::size_t index) const;
  /** The kernels' names in the first commands, each once, in order. */
  std::string kernelNames(std::size_t commandCount) const;
};

}  // namespace infinitile

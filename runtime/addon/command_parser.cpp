#include "command_parser.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "arguments.h"
#include "buffer_object.h"
#include "module_object.h"
#include "transport_object.h"

namespace infinitile {

namespace {

constexpr std::int64_t kLargestInt32 = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kSmallestInt32 = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kLargestUint32 = std::numeric_limits<std::uint32_t>::max();

// What the copy engine takes.
constexpr std::uint64_t kTileElementBytes = 2;
constexpr std::uint64_t kSwizzledElements = 128 / kTileElementBytes;
constexpr std::int64_t kLargestBox = 256;
constexpr std::int64_t kLargestPlanes = 16;

/** Bytes that a kernel's parameters may have in all. */
constexpr std::int64_t kLargestInput = 32764;

void requireMultiple(const char* what, std::uint64_t value, std::uint64_t of) {
  if (value % of != 0)
    throw std::invalid_argument(std::string(what) + " " + std::to_string(value) + " is not a multiple of " + std::to_string(of));
}

std::size_t outputPlace(const Napi::Object& command, std::size_t bytes, CommandList& list) {
  const std::size_t at = readSize(command.Get("at"), "at");
  list.outputBytes = std::max(list.outputBytes, at + bytes);
  return at;
}

std::string readKind(const Napi::Object& object) { return readString(object.Get("kind"), "kind"); }

}  // namespace

CommandList CommandParser::parse(const Napi::Value& value) const {
  const Napi::Array array = readArray(value, "commands");
  CommandList list;
  list.commands.reserve(array.Length());
  for (std::uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::HandleScope scope(value.Env());
    std::string place = "command " + std::to_string(i + 1);
    try {
      list.commands.push_back(parseCommand(readObject(array.Get(i), "a command"), list, place));
    } catch (const std::exception& error) {
      throw std::invalid_argument(place + ": " + error.what());
    }
  }
  return list;
}

Command CommandParser::parseCommand(const Napi::Object& command, CommandList& list, std::string& place) const {
  const std::string kind = readKind(command);
  if (kind == "launch") return parseLaunch(command, list, place);
  if (kind == "fill") {
    place += " (fill)";
    return parseFill(command);
  }
  if (kind == "read") {
    place += " (read)";
    return parseRead(command, list);
  }
  if (kind == "clock") {
    place += " (clock)";
    return Clock{outputPlace(command, sizeof(double), list)};
  }
  if (kind == "exchange") {
    place += " (exchange)";
    return parseExchange(command, place);
  }
  if (kind == "join") {
    place += " (join)";
    return Join{TransportObject::get(command.Get("transport"), state_)};
  }
  throw std::invalid_argument("unknown kind '" + kind + "'");
}

Launch CommandParser::parseLaunch(const Napi::Object& command, CommandList& list, std::string& place) const {
  Launch launch;
  const std::string name = readString(command.Get("name"), "name");
  place += " (launch " + name + ")";
  launch.module = ModuleObject::get(command.Get("module"), state_);
  launch.kernel = &launch.module->require(name);
  launch.grid = static_cast<std::uint32_t>(readInteger(command.Get("grid"), "grid", 1, kLargestInt32));
  launch.threads = static_cast<std::uint32_t>(readInteger(command.Get("threads"), "threads", 1, kLargestInt32));
  launch.sharedBytes = static_cast<std::uint32_t>(readInteger(command.Get("sharedBytes"), "sharedBytes", 0, kLargestInt32));

  const Napi::Array arguments = readArray(command.Get("args"), "args");
  const std::string launchPlace = place;
  for (std::uint32_t i = 0; i < arguments.Length(); ++i) {
    place = launchPlace + ", argument " + std::to_string(i + 1);
    parseArgument(readObject(arguments.Get(i), "an argument"), launch, list);
  }
  place = launchPlace;
  launch.arguments.seal();
  return launch;
}

void CommandParser::parseArgument(const Napi::Object& argument, Launch& launch, CommandList& list) const {
  const std::string kind = readKind(argument);
  if (kind == "pointer") {
    const Napi::Value value = argument.Get("buffer");
    std::uint64_t address = 0;
    if (!value.IsNull()) {
      const std::shared_ptr<Buffer> buffer = BufferObject::get(value, state_);
      const std::size_t offset = readSize(argument.Get("offset"), "offset");
      checkRange(offset, 0, buffer->bytes(), "pointer");
      address = buffer->address() + offset;
      launch.buffers.push_back(buffer);
    }
    launch.arguments.add(&address, sizeof address);
  } else if (kind == "i32") {
    const auto number =
        static_cast<std::int32_t>(readInteger(argument.Get("value"), "value", kSmallestInt32, kLargestInt32));
    launch.arguments.add(&number, sizeof number);
  } else if (kind == "f32") {
    const float number = static_cast<float>(readNumber(argument.Get("value"), "value"));
    launch.arguments.add(&number, sizeof number);
  } else if (kind == "tensorMap") {
    const TensorMap map = parseTensorMap(argument, launch);
    launch.arguments.add(&map, sizeof map);
  } else if (kind == "bytes") {
    const Bytes view = readView(argument.Get("value"), "value");
    launch.arguments.add(view.data, view.size);
  } else if (kind == "input") {
    const std::vector<unsigned char> unset(
        static_cast<std::size_t>(readInteger(argument.Get("bytes"), "bytes", 1, kLargestInput)));
    const std::size_t offset = readSize(argument.Get("offset"), "offset");
    list.inputs.push_back({list.commands.size(), launch.arguments.sizes().size(), offset});
    list.inputBytes = std::max(list.inputBytes, offset + unset.size());
    launch.arguments.add(unset.data(), unset.size());
  } else {
    throw std::invalid_argument("unknown kind '" + kind + "'");
  }
}

TensorMap CommandParser::parseTensorMap(const Napi::Object& argument, Launch& launch) const {
  const std::shared_ptr<Buffer> buffer = BufferObject::get(argument.Get("buffer"), state_);
  const std::size_t offset = readSize(argument.Get("offset"), "offset");
  requireMultiple("offset", offset, 16);
  const auto size = [&](const char* what, std::int64_t low, std::int64_t high) {
    return static_cast<std::uint64_t>(readInteger(argument.Get(what), what, low, high));
  };
  TiledMatrix matrix;
  matrix.rows = size("rows", 1, kLargestInt32);
  matrix.cols = size("cols", 1, kLargestInt32);
  matrix.planes = size("planes", 1, kLargestPlanes);
  const std::uint64_t planePitch = size("planePitch", static_cast<std::int64_t>(matrix.cols), kLargestInt32);
  const std::uint64_t length = (matrix.planes - 1) * planePitch + matrix.cols;
  const std::uint64_t pitch = size("pitch", static_cast<std::int64_t>(length), kLargestInt32);
  requireMultiple("pitch", pitch, 16 / kTileElementBytes);
  requireMultiple("planePitch", planePitch, 16 / kTileElementBytes);
  matrix.pitchBytes = pitch * kTileElementBytes;
  matrix.planePitchBytes = planePitch * kTileElementBytes;
  matrix.boxRows = static_cast<std::uint32_t>(size("boxRows", 1, kLargestBox));
  matrix.boxCols = static_cast<std::uint32_t>(size("boxCols", 1, kLargestBox));
  if (matrix.boxCols != kSwizzledElements && matrix.boxCols != kSwizzledElements / 2)
    throw std::invalid_argument("boxCols must be " + std::to_string(kSwizzledElements) + " or half as many, the elements of a swizzled row, not " +
                                std::to_string(matrix.boxCols));
  checkRange(offset, ((matrix.rows - 1) * pitch + length) * kTileElementBytes, buffer->bytes(), "tensor map");
  matrix.address = buffer->address() + offset;
  launch.buffers.push_back(buffer);
  return state_.open()->encodeTensorMap(matrix);
}

Fill CommandParser::parseFill(const Napi::Object& command) const {
  Fill fill;
  fill.buffer = BufferObject::get(command.Get("buffer"), state_);
  fill.offset = readSize(command.Get("offset"), "offset");
  fill.words = readSize(command.Get("words"), "words");
  fill.pattern =
      static_cast<std::uint32_t>(readInteger(command.Get("pattern"), "pattern", kSmallestInt32, kLargestUint32));
  requireMultiple("offset", fill.offset, sizeof fill.pattern);
  checkRange(fill.offset, fill.words * sizeof fill.pattern, fill.buffer->bytes(), "fill");
  return fill;
}

Read CommandParser::parseRead(const Napi::Object& command, CommandList& list) const {
  Read read;
  read.buffer = BufferObject::get(command.Get("buffer"), state_);
  read.offset = readSize(command.Get("offset"), "offset");
  read.bytes = readSize(command.Get("bytes"), "bytes");
  checkRange(read.offset, read.bytes, read.buffer->bytes(), "read");
  read.at = outputPlace(command, read.bytes, list);
  list.readBytes += read.bytes;
  return read;
}

Exchange CommandParser::parseExchange(const Napi::Object& command, std::string& place) const {
  Exchange exchange;
  exchange.transport = TransportObject::get(command.Get("transport"), state_);
  exchange.step = readString(command.Get("step"), "step");
  const Napi::Array messages = readArray(command.Get("messages"), "messages");
  const std::string exchangePlace = place;
  for (std::uint32_t i = 0; i < messages.Length(); ++i) {
    place = exchangePlace + ", message " + std::to_string(i + 1);
    exchange.messages.push_back(parseMessage(readObject(messages.Get(i), "a message"), *exchange.transport));
  }
  place = exchangePlace;
  return exchange;
}

Message CommandParser::parseMessage(const Napi::Object& object, const Transport& transport) const {
  const std::string direction = readString(object.Get("direction"), "direction");
  if (direction != "send" && direction != "receive") throw std::invalid_argument("unknown direction '" + direction + "'");
  Message message;
  message.send = direction == "send";
  message.peer = static_cast<int>(readInteger(object.Get("peer"), "peer", 0, transport.ranks() - 1));
  if (message.peer == transport.rank())
    throw std::invalid_argument("rank " + std::to_string(message.peer) + " sends no message to itself");
  message.buffer = BufferObject::get(object.Get("buffer"), state_);
  message.offset = readSize(object.Get("offset"), "offset");
  message.bytes = readSize(object.Get("bytes"), "bytes");
  checkRange(message.offset, message.bytes, message.buffer->bytes(), message.send ? "send" : "receive");
  return message;
}

}  // namespace infinitile

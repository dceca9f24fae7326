#pragma once

#include <napi.h>

#include "command_list.h"
#include "device_state.h"

namespace infinitile {

/** Reads a JavaScript array of commands, checks it, and takes shares in what it names. Main thread. */
class CommandParser {
 public:
  explicit CommandParser(const DeviceState& state) : state_(state) {}

  /** Throws with the place of the mistake: `command 3 (launch stats), argument 2: the buffer has been freed`. */
  CommandList parse(const Napi::Value& commands) const;

 private:
  Command parseCommand(const Napi::Object& command, CommandList& list, std::string& place) const;
  Launch parseLaunch(const Napi::Object& command, CommandList& list, std::string& place) const;
  Fill parseFill(const Napi::Object& command) const;
  Read parseRead(const Napi::Object& command, CommandList& list) const;
  Exchange parseExchange(const Napi::Object& command, std::string& place) const;
  Message parseMessage(const Napi::Object& message, const Transport& transport) const;
  TensorMap parseTensorMap(const Napi::Object& argument, Launch& launch) const;
  void parseArgument(const Napi::Object& argument, Launch& launch, CommandList& list) const;

  const DeviceState& state_;
};

}  // namespace infinitile

#include "core/device.h"

#include "core/error.h"
#include "core/kernels.h"

namespace anneal {

// Without dynamic initialisation: devices register themselves while the program loads.
constinit DeviceState deviceStates[kDevices];

void registerDevice(Device device, const char* name, const Backend* (*open)(), Allocator& memory) {
  DeviceState& state = deviceStates[device.index];
  state.open = open;
  state.memory = &memory;
  state.name = name;
}

Device deviceOf(int64_t index) {
  if (index < 0 || index >= kDevices || !deviceStates[index].name) {
    fail(ErrorKind::Device, "there is no device %lld", static_cast<long long>(index));
  }
  return Device{static_cast<uint8_t>(index)};
}

const Backend& openBackend(Device device) {
  DeviceState& state = deviceStates[device.index];
  if (!state.open) fail(ErrorKind::Device, "there is no device %d", device.index);
  const Backend* backend = state.open();
  state.backend.store(backend, std::memory_order_release);
  return *backend;
}

void (*readerOf(Device device))(const CopyArgs&) {
  const Backend& backend = backendOf(device);  // opens the device
  const DeviceState& state = deviceStates[device.index];
  return state.read ? state.read : backend.copy;
}

}  // namespace anneal

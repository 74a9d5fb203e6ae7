// Devices: where storages lie and kernels run. A device is a value; one table says what is known of each.
#pragma once
#include <atomic>
#include <cstdint>

namespace anneal {

struct Backend;   // core/kernels.h
class Allocator;  // core/allocator.h
class Tensor;     // core/tensor.h
struct CopyArgs;  // core/kernels/copy.h

// The CPU, or one of the devices that have been registered, by its place in the table.
struct Device {
  uint8_t index = 0;

  static const Device CPU;
  constexpr bool isCpu() const { return index == 0; }
  friend constexpr bool operator==(Device, Device) = default;
};
inline constexpr Device Device::CPU{};

constexpr int kDevices = 17;  // the CPU and up to sixteen others

struct DeviceState {
  const char* name = nullptr;             // null: there is no such device
  const Backend* (*open)() = nullptr;     // gives the backend when it is first needed; throws what is wrong with it
  std::atomic<const Backend*> backend{};  // null until then
  Allocator* memory = nullptr;
  // Copies a view to dense memory of the CPU; null where the backend's copy can. For the stream's thread.
  void (*read)(const CopyArgs&) = nullptr;
  // Copies dense values between the device and the CPU, in the order of the stream.
  void (*transfer)(const Tensor& from, const Tensor& to) = nullptr;
};
extern DeviceState deviceStates[kDevices];

// Enters a device into the table, at load or later; no thread may make tensors on it meanwhile.
void registerDevice(Device device, const char* name, const Backend* (*open)(), Allocator& memory);

// The device at a place of the table; throws DeviceError where there is none.
Device deviceOf(int64_t index);

inline const char* nameOf(Device device) { return deviceStates[device.index].name; }

const Backend& openBackend(Device device);
inline const Backend& backendOf(Device device) {
  const Backend* backend = deviceStates[device.index].backend.load(std::memory_order_acquire);
  return backend ? *backend : openBackend(device);
}

// The kernel that copies a view to memory of the CPU.
void (*readerOf(Device device))(const CopyArgs&);

}  // namespace anneal

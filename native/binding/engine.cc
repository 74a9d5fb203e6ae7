// The engine itself: threads, memory, the stream.
#include <algorithm>
#include <limits>
#include <mutex>
#include <utility>

#include "binding/entry.h"
#include "core/pool.h"
#include "core/system.h"
#include "cpu/dispatch.h"
#include "cpu/fakeDevice.h"

namespace anneal::binding {

namespace {

napi_value setErrorClasses(Entry& js) {
  js.environment().errors.setClasses(js[0]);
  return js.undefined();
}

// withProcessLock(function): calls it while no other environment of the process is in here: for what touches V8's flags.
napi_value withProcessLock(Entry& js) {
  static auto* mutex = new std::recursive_mutex;
  const std::lock_guard<std::recursive_mutex> lock(*mutex);
  check(napi_call_function(js.env(), js.undefined(), js.function(0, {"withProcessLock", "fn"}), 0, nullptr, nullptr));
  return js.undefined();
}

void setOnce(Entry& js, std::unique_ptr<JsFunction>& slot, Entry::Name name) {
  if (slot) fail(ErrorKind::Argument, "[%s] there is one already", name.op);
  slot = std::make_unique<JsFunction>(js.environment(), js.function(0, name));
}

napi_value setCollector(Entry& js) {
  setOnce(js, js.environment().collector, {"setCollector", "collect"});
  return js.undefined();
}

// The allocator of the device that argument i names by its place in the table.
Allocator& memoryOf(Entry& js, const char* op, size_t i) {
  return *deviceStates[deviceOf(js.integer(i, {op, "device"})).index].memory;
}

napi_value setArrayMaker(Entry& js) {
  setOnce(js, js.environment().arrayMaker, {"setArrayMaker", "make"});
  return js.undefined();
}

napi_value setThreads(Entry& js) {
  const int64_t threads = js.integer(0, {"setNumThreads", "threads"});
  if (threads < 1 || threads > 1024) {
    fail(ErrorKind::Argument, "[setNumThreads] expected 1 to 1024 threads but received %lld",
         static_cast<long long>(threads));
  }
  // The stream's thread runs jobs: none is under way while the number changes.
  Pool::instance().setThreads(static_cast<int>(threads));
  return js.undefined();
}

napi_value getThreads(Entry& js) { return js.from(static_cast<int32_t>(Pool::instance().threads())); }

napi_value threadsFrom(Entry& js) { return js.from(std::string(Pool::instance().threadsFrom())); }

// A number of the system's, or null for the one that stands for "none".
template <class T>
napi_value orNull(Entry& js, T value) {
  return value == std::numeric_limits<T>::max() ? js.null() : js.from(static_cast<double>(value));
}

// processors(): [affinity, quota], see core/system.h.
napi_value processors(Entry& js) {
  napi_value list = js.newArray(2);
  js.setElement(list, 0, orNull(js, affinityProcessors()));
  js.setElement(list, 1, orNull(js, quotaProcessors()));
  return list;
}

// machineMemory(): [limit, available], see core/system.h.
napi_value machineMemory(Entry& js) {
  napi_value list = js.newArray(2);
  js.setElement(list, 0, orNull(js, memoryLimit()));
  js.setElement(list, 1, orNull(js, availableMemory()));
  return list;
}

// memory(device): [live, cached, peak, handles]
napi_value memory(Entry& js) {
  js.environment().releaseCollected();
  const MemoryStats stats = memoryOf(js, "memory", 0).stats();
  napi_value list = js.newArray(4);
  js.setElement(list, 0, js.from(static_cast<double>(stats.live)));
  js.setElement(list, 1, js.from(static_cast<double>(stats.cached)));
  js.setElement(list, 2, js.from(static_cast<double>(stats.peak)));
  js.setElement(list, 3, js.from(static_cast<double>(js.environment().liveHandles())));
  return list;
}

napi_value resetPeak(Entry& js) {
  memoryOf(js, "resetPeakMemory", 0).resetPeak();
  return js.undefined();
}

napi_value trim(Entry& js) {
  js.environment().releaseCollected();
  memoryOf(js, "trim", 0).trim();
  return js.undefined();
}

napi_value setMemoryLimit(Entry& js) {
  const int64_t bytes = js.integer(0, {"setMemoryLimit", "bytes"});
  if (bytes < 0) fail(ErrorKind::Argument, "[setMemoryLimit] expected at least 0 bytes (0: no limit)");
  memoryOf(js, "setMemoryLimit", 1).setLimit(bytes);
  return js.undefined();
}

// depth(): kernels that wait on the stream.
napi_value depth(Entry& js) { return js.from(static_cast<double>(js.environment().context.stream->depth())); }

// submitted(): what was ever put on the stream.
napi_value submitted(Entry& js) { return js.from(static_cast<double>(js.environment().context.stream->submitted())); }

// fence(reports): a promise settled when the stream gets here; see Promises.
napi_value fence(Entry& js) { return js.environment().promises.fence(js.boolean(0, {"fence", "reports"})); }

// onSkipped(listener): listener() is called when `takeSkipped` has something new.
napi_value onSkipped(Entry& js) {
  setOnce(js, js.environment().skips.listener, {"onSkipped", "listener"});
  return js.undefined();
}

// takeSkipped(all): [pending, message, updates, message, updates, ...]; see Skips. Failures that are alike are one.
napi_value takeSkipped(Entry& js) {
  Skips& skips = js.environment().skips;
  std::vector<std::pair<FailureRef, uint64_t>> told;
  for (const FailureRef& failure : skips.take(js.boolean(0, {"takeSkipped", "all"}))) {
    const auto like = std::find_if(told.begin(), told.end(),
                                   [&](const auto& one) { return one.first->errorTold == failure->errorTold; });
    const uint64_t updates = failure->skipped.load(std::memory_order_relaxed);
    if (like == told.end())
      told.emplace_back(failure, updates);
    else
      like->second += updates;
  }
  napi_value list = js.newArray(1 + 2 * told.size());
  uint32_t i = 0;
  js.setElement(list, i++, js.from(skips.pending()));
  for (const auto& [failure, updates] : told) {
    js.setElement(list, i++, js.from(failure->error.message()));
    js.setElement(list, i++, js.from(static_cast<double>(updates)));
  }
  return list;
}

napi_value synchronize(Entry& js) {
  js.environment().context.stream->synchronize();
  return js.undefined();
}

// dtypes(): the rows of core/dtype.def, in the order of their codes.
napi_value dtypes(Entry& js) {
  napi_value list = js.newArray(kDTypeCount);
  for (int code = 0; code < kDTypeCount; ++code) {
    const auto dtype = static_cast<DType>(code);
    napi_value row = js.newObject();
    js.setProperty(row, "name", js.from(std::string(nameOf(dtype))));
    js.setProperty(row, "bytes", js.from(static_cast<double>(sizeOf(dtype))));
    js.setProperty(row, "floating", js.from(isFloating(dtype)));
    js.setProperty(row, "supported", js.from(isSupported(dtype)));
    js.setElement(list, static_cast<uint32_t>(code), row);
  }
  return list;
}

// devices(): the names of those there are, by their place in the table.
napi_value devices(Entry& js) {
  napi_value list = js.newArray(0);
  for (int i = 0; i < kDevices; ++i) {
    if (deviceStates[i].name)
      js.setElement(list, static_cast<uint32_t>(i), js.from(std::string(nameOf(Device{static_cast<uint8_t>(i)}))));
  }
  return list;
}

// openFakeDevice(): for tests, see cpu/fakeDevice.h.
napi_value openFake(Entry& js) {
  openFakeDevice();
  return js.undefined();
}

napi_value isa(Entry& js) { return js.from(std::string(cpuLevel().name)); }

// compiledIsas(): those that the binary has kernels for, lowest first.
napi_value compiledIsas(Entry& js) {
  const std::vector<const char*> names = compiledLevels();
  napi_value list = js.newArray(names.size());
  for (uint32_t i = 0; i < names.size(); ++i) js.setElement(list, i, js.from(std::string(names[i])));
  return list;
}

}  // namespace

std::vector<Function> engineFunctions() {
  return {{"setErrorClasses", entry<setErrorClasses>},
          {"withProcessLock", entry<withProcessLock>},
          {"setCollector", entry<setCollector>},
          {"setArrayMaker", entry<setArrayMaker>},
          {"setThreads", entry<setThreads>},
          {"getThreads", entry<getThreads>},
          {"threadsFrom", entry<threadsFrom>},
          {"processors", entry<processors>},
          {"machineMemory", entry<machineMemory>},
          {"memory", entry<memory>},
          {"resetPeak", entry<resetPeak>},
          {"trim", entry<trim>},
          {"setMemoryLimit", entry<setMemoryLimit>},
          {"depth", entry<depth>},
          {"submitted", entry<submitted>},
          {"fence", entry<fence>},
          {"synchronize", entry<synchronize>},
          {"onSkipped", entry<onSkipped>},
          {"takeSkipped", entry<takeSkipped>},
          {"dtypes", entry<dtypes>},
          {"devices", entry<devices>},
          {"openFakeDevice", entry<openFake>},
          {"isa", entry<isa>},
          {"compiledIsas", entry<compiledIsas>}};
}

}  // namespace anneal::binding

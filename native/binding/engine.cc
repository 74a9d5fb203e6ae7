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

void setErrorClasses(Entry& js) { js.environment().errors.setClasses(js[0]); }

// withProcessLock(function): calls it while no other environment of the process is in here: for what touches V8's flags.
void withProcessLock(Entry& js) {
  static auto* mutex = new std::recursive_mutex;
  const std::lock_guard<std::recursive_mutex> lock(*mutex);
  js.function(0, {"withProcessLock", "fn"}).Call({});
}

void setOnce(Entry& js, std::unique_ptr<JsFunction>& slot, Name name) {
  if (slot) fail(ErrorKind::Argument, "[%s] there is one already", name.op);
  slot = std::make_unique<JsFunction>(js.environment(), js.function(0, name));
}

void setCollector(Entry& js) { setOnce(js, js.environment().collector, {"setCollector", "collect"}); }

// The allocator of the device that argument i names by its place in the table.
Allocator& memoryOf(Entry& js, const char* op, size_t i) {
  return *deviceStates[deviceOf(js.integer(i, {op, "device"})).index].memory;
}

void setArrayMaker(Entry& js) { setOnce(js, js.environment().arrayMaker, {"setArrayMaker", "make"}); }

void setThreads(Entry& js) {
  const int64_t threads = js.integer(0, {"setNumThreads", "threads"});
  if (threads < 1 || threads > 1024) {
    fail(ErrorKind::Argument, "[setNumThreads] expected 1 to 1024 threads but received %lld",
         static_cast<long long>(threads));
  }
  // The stream's thread runs jobs: none is under way while the number changes.
  Pool::instance().setThreads(static_cast<int>(threads));
}

int getThreads(Entry&) { return Pool::instance().threads(); }

const char* threadsFrom(Entry&) { return Pool::instance().threadsFrom(); }

// A number of the system's, or null for the one that stands for "none".
template <class T>
Napi::Value orNull(Entry& js, T value) {
  return value == std::numeric_limits<T>::max() ? js.Env().Null() : js.from(value);
}

// processors(): [affinity, quota], see core/system.h.
Napi::Array processors(Entry& js) { return js.list(orNull(js, affinityProcessors()), orNull(js, quotaProcessors())); }

// machineMemory(): [limit, available], see core/system.h.
Napi::Array machineMemory(Entry& js) { return js.list(orNull(js, memoryLimit()), orNull(js, availableMemory())); }

// memory(device): [live, cached, peak, handles]
Napi::Array memory(Entry& js) {
  js.environment().handles.releaseCollected();
  const MemoryStats stats = memoryOf(js, "memory", 0).stats();
  return js.list(stats.live, stats.cached, stats.peak, js.environment().handles.live());
}

void resetPeak(Entry& js) { memoryOf(js, "resetPeakMemory", 0).resetPeak(); }

void trim(Entry& js) {
  js.environment().handles.releaseCollected();
  memoryOf(js, "trim", 0).trim();
}

void setMemoryLimit(Entry& js) {
  const int64_t bytes = js.integer(0, {"setMemoryLimit", "bytes"});
  if (bytes < 0) fail(ErrorKind::Argument, "[setMemoryLimit] expected at least 0 bytes (0: no limit)");
  memoryOf(js, "setMemoryLimit", 1).setLimit(bytes);
}

// depth(): kernels that wait on the stream.
uint64_t depth(Entry& js) { return js.environment().context.stream->depth(); }

// submitted(): what was ever put on the stream.
uint64_t submitted(Entry& js) { return js.environment().context.stream->submitted(); }

// fence(reports): a promise settled when the stream gets here; see Promises.
Napi::Promise fence(Entry& js) { return js.environment().promises.fence(js.boolean(0, {"fence", "reports"})); }

// onSkipped(listener): listener() is called when `takeSkipped` has something new.
void onSkipped(Entry& js) { setOnce(js, js.environment().skips.listener, {"onSkipped", "listener"}); }

// takeSkipped(all): [pending, message, updates, message, updates, ...]; see Skips. Failures that are alike are one.
Napi::Array takeSkipped(Entry& js) {
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
  Napi::Array list = js.list(skips.pending());
  for (const auto& [failure, updates] : told) {
    list.Set(list.Length(), failure->error.message());
    list.Set(list.Length(), updates);
  }
  return list;
}

void synchronize(Entry& js) { js.environment().context.stream->synchronize(); }

// dtypes(): the rows of core/dtype.def, in the order of their codes.
Napi::Array dtypes(Entry& js) {
  Napi::Array list = js.list();
  for (uint32_t code = 0; code < kDTypeCount; ++code) {
    const auto dtype = static_cast<DType>(code);
    Napi::Object row = Napi::Object::New(js.Env());
    row.Set("name", nameOf(dtype));
    row.Set("bytes", sizeOf(dtype));
    row.Set("floating", isFloating(dtype));
    row.Set("supported", isSupported(dtype));
    list.Set(code, row);
  }
  return list;
}

// devices(): the names of those there are, by their place in the table.
Napi::Array devices(Entry& js) {
  Napi::Array list = js.list();
  for (uint8_t i = 0; i < kDevices; ++i) {
    if (deviceStates[i].name) list.Set(uint32_t{i}, nameOf(Device{i}));
  }
  return list;
}

// openFakeDevice(): for tests, see cpu/fakeDevice.h.
void openFake(Entry&) { openFakeDevice(); }

const char* isa(Entry&) { return cpuLevel().name; }

// compiledIsas(): those that the binary has kernels for, lowest first.
Napi::Array compiledIsas(Entry& js) { return js.listOf(compiledLevels()); }

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

#include "cuda/library.h"

#include <sys/stat.h>

#if !defined(_WIN32)
#include <dlfcn.h>
#endif

namespace anneal {

namespace {

bool isFile(const std::string& path) {
  struct stat found;
  return stat(path.c_str(), &found) == 0;
}

#if defined(_WIN32)
const CudaTable* load(const std::string&, std::string& problem) {
  problem = "there is no CUDA library for Windows yet";
  return nullptr;
}
#else
const CudaTable* load(const std::string& path, std::string& problem) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    problem = dlerror();
    return nullptr;
  }
  using Entry = const CudaTable* (*)(uint32_t);
  const auto entry = reinterpret_cast<Entry>(dlsym(library, "annealCudaTable"));
  if (!entry) {
    problem = path + " is not a CUDA library of anneal's";
    return nullptr;
  }
  return entry(kCudaAbi);
}
#endif

// Whether the library was compiled with the records of this engine.
bool fits(const CudaTable& table) {
#define ANNEAL_FITS(Name, slot) &&table.slot##Bytes == sizeof(Name##Args)
  return table.abi == kCudaAbi && table.bytes == sizeof(CudaTable) ANNEAL_FAMILIES(ANNEAL_FITS);
#undef ANNEAL_FITS
}

}  // namespace

const CudaTable* openCudaLibrary(const std::vector<std::string>& paths, std::string& problem) {
  std::string tried;
  for (const std::string& path : paths) {
    tried += "\n  " + path;
    if (!isFile(path)) continue;
    problem.clear();
    const CudaTable* table = load(path, problem);
    if (table && fits(*table)) return table;
    if (problem.empty()) {
      problem = path + (table ? " (" + std::string(table->version) + ")" : "") +
                " was built for another version of anneal; install or build the one that belongs to this version";
    }
    return nullptr;
  }
  problem = "the library with the GPU kernels is not installed; looked for" + tried;
  return nullptr;
}

}  // namespace anneal

#include "comm/mpi/library.h"

#ifdef _WIN32
#define NOMINMAX
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace anneal::comm {

#ifdef _WIN32
Library::Library(const std::string& path, std::string& problem) : handle_(LoadLibraryA(path.c_str())) {
  if (!handle_) problem = path + ": Windows's error " + std::to_string(GetLastError());
}

void* Library::symbol(const char* name) const {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
}
#else
Library::Library(const std::string& path, std::string& problem)
    : handle_(dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) {
  if (!handle_) problem = dlerror();
}

void* Library::symbol(const char* name) const { return dlsym(handle_, name); }
#endif

}  // namespace anneal::comm

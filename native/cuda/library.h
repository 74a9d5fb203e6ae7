// The library with the kernels for NVIDIA's GPUs, which is built apart and opened when it is needed first: the engine links to nothing
// of CUDA's.
#pragma once
#include <string>
#include <vector>

#include "cuda/abi.h"

namespace anneal {

// Opens the first library that lies at one of the paths. Null with `problem` filled where there is none, or where it does not fit this
// engine. It is never closed.
const CudaTable* openCudaLibrary(const std::vector<std::string>& paths, std::string& problem);

// Throws what a function of the table has to say.
inline void checkCuda(int32_t status, const CudaError& error) {
  if (status != 0) fail(static_cast<ErrorKind>(error.kind), "%s", error.message);
}

}  // namespace anneal

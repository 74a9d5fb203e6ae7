// NVIDIA's GPUs as devices of the engine: cuda:0, cuda:1, ...
#pragma once
#include <string>
#include <vector>

namespace anneal {

struct CudaReport {
  std::string problem;  // why there is no GPU; empty where there is one
  bool found = false;   // the library
  bool emulated = false;
  int runtime = 0, driver = 0;  // versions: 13000 is 13.0
  std::string architectures;
  std::vector<std::string> missing;  // families without kernels
  struct Gpu {
    std::string name;
    int major, minor;
    double memory;  // bytes
  };
  std::vector<Gpu> gpus;
};

// Enters the GPUs into the table of devices. Once per process: later calls give the same answer.
const CudaReport& openCuda(const std::vector<std::string>& paths);

}  // namespace anneal

// The table over a library with the standard ABI of MPI 5.0 (MPI Forum, 2025, chapter 20), which says what the handles and constants
// are, so that nothing of MPI is needed to compile this.
#pragma once
#include <string>

#include "comm/mpi/table.h"

namespace anneal::comm {

// Null where the library cannot be opened or lacks a function, with `problem` filled.
const AnnealMpiTable* openMpiAbi(const std::string& path, std::string& problem);

}  // namespace anneal::comm

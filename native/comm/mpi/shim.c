/* anneal's table over the MPI library whose mpicc compiles this file: `npx anneal mpi build`. */
#include <mpi.h>

#include "comm/mpi/calls.h"

__attribute__((visibility("default"))) const AnnealMpiTable* ANNEAL_MPI_ENTRY(void) { return &annealTable; }

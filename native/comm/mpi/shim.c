/* anneal's table over the MPI library whose mpicc compiles this file: `npx anneal mpi build`. */
#include <mpi.h>
#if defined(OMPI_MAJOR_VERSION) && OMPI_MAJOR_VERSION >= 5
#include <mpi-ext.h>
#ifdef OMPI_HAVE_MPI_EXT_FTMPI
#define ANNEAL_MPI_ULFM
#endif
#endif

#include "comm/mpi/calls.h"

__attribute__((visibility("default"))) const AnnealMpiTable* ANNEAL_MPI_ENTRY(void) { return &annealTable; }

#include "comm/mpi/abi.h"

#include "comm/mpi/library.h"

// MPI's names, as calls.h uses them. Handles are pointers whose predefined values are small numbers.
namespace {

using MPI_Comm = struct AbiComm*;
using MPI_Datatype = struct AbiDatatype*;
using MPI_Request = struct AbiRequest*;
using MPI_Errhandler = struct AbiErrhandler*;
struct MPI_Status;

template <class Handle>
Handle predefined(uintptr_t value) {
  return reinterpret_cast<Handle>(value);
}

struct {
  int (*Initialized)(int*);
  int (*Init_thread)(int*, char***, int, int*);
  int (*Comm_dup)(MPI_Comm, MPI_Comm*);
  int (*Comm_set_errhandler)(MPI_Comm, MPI_Errhandler);
  int (*Comm_rank)(MPI_Comm, int*);
  int (*Comm_size)(MPI_Comm, int*);
  int (*Get_library_version)(char*, int*);
  int (*Error_string)(int, char*, int*);
  int (*Isend)(const void*, int, MPI_Datatype, int, int, MPI_Comm, MPI_Request*);
  int (*Irecv)(void*, int, MPI_Datatype, int, int, MPI_Comm, MPI_Request*);
  int (*Test)(MPI_Request*, int*, MPI_Status*);
  int (*Finalize)();
} mpi;

}  // namespace

#define MPI_SUCCESS 0
#define MPI_MAX_ERROR_STRING 512
#define MPI_MAX_LIBRARY_VERSION_STRING 8192
#define MPI_COMM_WORLD predefined<MPI_Comm>(0x101)
#define MPI_ERRORS_RETURN predefined<MPI_Errhandler>(0x143)
#define MPI_BYTE predefined<MPI_Datatype>(0x247)
#define MPI_STATUS_IGNORE nullptr
#define MPI_THREAD_FUNNELED 1024
#define MPI_Initialized mpi.Initialized
#define MPI_Init_thread mpi.Init_thread
#define MPI_Comm_dup mpi.Comm_dup
#define MPI_Comm_set_errhandler mpi.Comm_set_errhandler
#define MPI_Comm_rank mpi.Comm_rank
#define MPI_Comm_size mpi.Comm_size
#define MPI_Get_library_version mpi.Get_library_version
#define MPI_Error_string mpi.Error_string
#define MPI_Isend mpi.Isend
#define MPI_Irecv mpi.Irecv
#define MPI_Test mpi.Test
#define MPI_Finalize mpi.Finalize

#include "comm/mpi/calls.h"

namespace anneal::comm {

const AnnealMpiTable* openMpiAbi(const std::string& path, std::string& problem) {
  Library library(path, problem);
  if (!library.isOpen()) return nullptr;
  bool complete = true;
  const auto find = [&](const char* name, auto& function) { complete = complete && library.find(name, function); };
  find("MPI_Initialized", mpi.Initialized);
  find("MPI_Init_thread", mpi.Init_thread);
  find("MPI_Comm_dup", mpi.Comm_dup);
  find("MPI_Comm_set_errhandler", mpi.Comm_set_errhandler);
  find("MPI_Comm_rank", mpi.Comm_rank);
  find("MPI_Comm_size", mpi.Comm_size);
  find("MPI_Get_library_version", mpi.Get_library_version);
  find("MPI_Error_string", mpi.Error_string);
  find("MPI_Isend", mpi.Isend);
  find("MPI_Irecv", mpi.Irecv);
  find("MPI_Test", mpi.Test);
  find("MPI_Finalize", mpi.Finalize);
  // Every MPI has these functions, but only the standard ABI has this one.
  int (*abiVersion)(int*, int*) = nullptr;
  complete = complete && library.find("MPI_Abi_get_version", abiVersion);
  if (!complete)
    problem = path + " has not the standard ABI of MPI 5; a shim (npx anneal mpi build) serves older libraries";
  return complete ? &annealTable : nullptr;
}

}  // namespace anneal::comm

/* What anneal calls of an MPI library: plain C, because two things fill it. One is the library's standard ABI (abi.cc). The other is a
 * shim, compiled by the mpicc of an older library (shim.c). All functions are called by one thread. */
#ifndef ANNEAL_COMM_MPI_TABLE_H
#define ANNEAL_COMM_MPI_TABLE_H
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ANNEAL_MPI_TABLE 2 /* moved by every change of this file */

/* A message to or from another rank. */
typedef struct {
  int32_t peer, receives;
  void* data;
  uint64_t bytes;
} AnnealMpiTransfer;

/* Functions return 0, or fill in what MPI says and return something else. */
typedef struct {
  int32_t rank; /* whose fault it is; -1 where that cannot be told */
  char message[512];
} AnnealMpiError;

typedef struct {
  uint32_t table, bytes; /* ANNEAL_MPI_TABLE, sizeof(AnnealMpiTable) */
  /* `library` gets the name of the library, at most 64 bytes with the end; `survives`: whether `settle` can be called. */
  int32_t (*init)(int32_t* rank, int32_t* size, int32_t* survives, char* library, AnnealMpiError* error);
  /* Begins transfers. */
  int32_t (*begin)(const AnnealMpiTransfer* transfers, int32_t count, AnnealMpiError* error);
  /* How many parts of messages are left, and of which rank the first is. */
  int32_t (*test)(int32_t* left, int32_t* peer, AnnealMpiError* error);
  /* See Transport::settle; `done` is in and out. */
  int32_t (*settle)(int32_t* done, int32_t* rank, int32_t* size, AnnealMpiError* error);
  int32_t (*finalize)(AnnealMpiError* error);
} AnnealMpiTable;

/* What a shim exports: its table, which fits if `table` and `bytes` do. */
typedef const AnnealMpiTable* (*AnnealMpiEntry)(void);
#define ANNEAL_MPI_ENTRY annealMpiTable

#ifdef __cplusplus
}
#endif
#endif

/* The table's functions in terms of MPI's, for whoever has said what MPI_Isend and its like are: mpi.h (shim.c) or abi.cc. C and C++. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "comm/mpi/table.h"

/* Messages go in parts: MPI counts in ints, and a part that arrives shows that the other side is alive. */
#define ANNEAL_MPI_PART (UINT64_C(32) << 20)

typedef struct {
  MPI_Request request;
  int32_t peer;
} AnnealPart;

/* Messages of anneal's own, apart from those of the program's. */
static MPI_Comm annealGroup;
static AnnealPart* annealParts;
static int32_t annealPartCount;

static int32_t annealCheck(int status, int32_t peer, AnnealMpiError* error) {
  if (status == MPI_SUCCESS) return 0;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(status, text, &length);
  error->rank = peer;
  if (peer >= 0)
    snprintf(error->message, sizeof error->message, "rank %d does not answer: MPI says: %.400s", (int)peer, text);
  else
    snprintf(error->message, sizeof error->message, "MPI says: %.400s", text);
  return 1;
}

/* The beginning of what a library says of itself: "Open MPI v4.1.4", "MPICH Version: 5.0.2". */
static void annealFirstWords(char* library, const char* version) {
  int32_t length = 0;
  for (const char* at = version; *at && *at != ',' && *at != '\n' && length < 63; ++at) {
    const int isBlank = *at == ' ' || *at == '\t';
    if (!isBlank)
      library[length++] = *at;
    else if (length > 0 && library[length - 1] != ' ')
      library[length++] = ' ';
  }
  library[length] = 0;
}

/* User-level failure mitigation (ULFM) is there where the library has it and mpirun has switched it on (--with-ft ulfm). */
static int32_t annealSurvives(void) {
#ifdef ANNEAL_MPI_ULFM
  const char* enabled = getenv("OMPI_MCA_mpi_ft_enable");
  return enabled && (strcmp(enabled, "1") == 0 || strcmp(enabled, "true") == 0);
#else
  return 0;
#endif
}

/* Makes a communicator anneal's own: its errors are returned, and rank and size are those in it. */
static int annealEnter(MPI_Comm comm, int32_t* rank, int32_t* size) {
  int r = 0, n = 0;
  annealGroup = comm;
  int status = MPI_Comm_set_errhandler(annealGroup, MPI_ERRORS_RETURN);
  if (status == MPI_SUCCESS) status = MPI_Comm_rank(annealGroup, &r);
  if (status == MPI_SUCCESS) status = MPI_Comm_size(annealGroup, &n);
  *rank = r;
  *size = n;
  return status;
}

static int32_t annealInit(int32_t* rank, int32_t* size, int32_t* survives, char* library, AnnealMpiError* error) {
  int initialized = 0, given = 0, length = 0;
  MPI_Comm own;
  char version[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int status = MPI_Initialized(&initialized);
  if (status == MPI_SUCCESS && !initialized) status = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &given);
  if (status == MPI_SUCCESS) status = MPI_Comm_dup(MPI_COMM_WORLD, &own);
  if (status == MPI_SUCCESS) status = annealEnter(own, rank, size);
  if (status == MPI_SUCCESS && annealSurvives()) status = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  if (status == MPI_SUCCESS) status = MPI_Get_library_version(version, &length);
  annealFirstWords(library, version);
  *survives = annealSurvives();
  return annealCheck(status, -1, error);
}

static int32_t annealBegin(const AnnealMpiTransfer* transfers, int32_t count, AnnealMpiError* error) {
  int32_t parts = 0;
  for (int32_t i = 0; i < count; ++i) parts += (int32_t)(transfers[i].bytes / ANNEAL_MPI_PART) + 1;
  free(annealParts);
  annealPartCount = 0;
  annealParts = (AnnealPart*)malloc(sizeof(AnnealPart) * (size_t)(parts + 1));
  if (!annealParts) {
    error->rank = -1;
    snprintf(error->message, sizeof error->message, "out of memory");
    return 1;
  }
  for (int32_t i = 0; i < count; ++i) {
    char* data = (char*)transfers[i].data;
    uint64_t left = transfers[i].bytes;
    const int32_t peer = transfers[i].peer;
    do {
      const int bytes = (int)(left < ANNEAL_MPI_PART ? left : ANNEAL_MPI_PART);
      AnnealPart* part = &annealParts[annealPartCount];
      const int status = transfers[i].receives ? MPI_Irecv(data, bytes, MPI_BYTE, peer, 0, annealGroup, &part->request)
                                               : MPI_Isend(data, bytes, MPI_BYTE, peer, 0, annealGroup, &part->request);
      if (annealCheck(status, peer, error)) return 1;
      part->peer = peer;
      ++annealPartCount;
      data += bytes;
      left -= (uint64_t)bytes;
    } while (left > 0);
  }
  return 0;
}

static int32_t annealTest(int32_t* left, int32_t* peer, AnnealMpiError* error) {
  int32_t kept = 0;
  for (int32_t i = 0; i < annealPartCount; ++i) {
    int done = 0;
    const int status = MPI_Test(&annealParts[i].request, &done, MPI_STATUS_IGNORE);
    if (annealCheck(status, annealParts[i].peer, error)) return 1;
    if (!done) annealParts[kept++] = annealParts[i];
  }
  annealPartCount = kept;
  *left = kept;
  *peer = kept > 0 ? annealParts[0].peer : -1;
  return 0;
}

#ifdef ANNEAL_MPI_ULFM
/* Ends what is under way in a group that has been revoked: MPI still has the memory. */
static void annealDrain(void) {
  for (int32_t i = 0; i < annealPartCount; ++i) {
    for (int done = 0; !done;) {
      if (MPI_Test(&annealParts[i].request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) break;
    }
  }
  annealPartCount = 0;
}

static int32_t annealSettle(int32_t* done, int32_t* rank, int32_t* size, AnnealMpiError* error) {
  int all = *done;
  if (!all) MPIX_Comm_revoke(annealGroup);
  /* Its own status only tells of ranks that have gone meanwhile; `all` is the same on all that are left. */
  MPIX_Comm_agree(annealGroup, &all);
  *done = all;
  if (all) return 0;
  annealDrain();
  MPI_Comm left = MPI_COMM_NULL;
  int status = MPIX_Comm_shrink(annealGroup, &left);
  if (status == MPI_SUCCESS) {
    MPI_Comm_free(&annealGroup);
    status = annealEnter(left, rank, size);
  }
  return annealCheck(status, -1, error);
}
#else
static int32_t annealSettle(int32_t* done, int32_t* rank, int32_t* size, AnnealMpiError* error) {
  (void)done, (void)rank, (void)size, (void)error;
  return 0;
}
#endif

static int32_t annealFinalize(AnnealMpiError* error) { return annealCheck(MPI_Finalize(), -1, error); }

static const AnnealMpiTable annealTable = {ANNEAL_MPI_TABLE, sizeof(AnnealMpiTable), annealInit,    annealBegin,
                                           annealTest,       annealSettle,           annealFinalize};

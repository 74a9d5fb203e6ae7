// The gemm suite in OpenBLAS.
#include "cblas_gemm.h"

extern "C" char* openblas_get_config();

int main() { return bench::serveGemm("openblas", openblas_get_config, bench::multiplyByCblas); }

// The gemm suite in BLIS.
#include "cblas_gemm.h"

extern "C" const char* bli_info_get_version_str();
extern "C" int bli_arch_query_id();
extern "C" const char* bli_arch_string(int id);

int main() {
  const auto version = [] {
    return bli_info_get_version_str() + std::string(" ") + bli_arch_string(bli_arch_query_id());
  };
  return bench::serveGemm("blis", version, bench::multiplyByCblas);
}

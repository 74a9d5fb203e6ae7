// The gemm suite on our side: the matmul kernel of the level in use, called through the backend's table.
#include "cpu/dispatch.h"
#include "gemm.h"

namespace {

std::function<void()> multiply(bench::Product& p) {
  anneal::MatmulArgs args{};
  args.dtype = anneal::DType::Float32;
  args.m = p.m;
  args.n = p.n;
  args.k = p.k;
  args.a = p.a.get();
  args.aRow = p.transposeA ? 1 : p.k;
  args.aCol = p.transposeA ? p.m : 1;
  args.b = p.b.get();
  args.bRow = p.transposeB ? 1 : p.n;
  args.bCol = p.transposeB ? p.k : 1;
  args.c = p.c.get();
  if (p.batch > 1) {
    args.batchRank = 1;
    args.batchShape[0] = p.batch;
    args.aBatch[0] = p.m * p.k;
    args.bBatch[0] = p.k * p.n;
  }
  return [args, matmul = anneal::cpuLevel().backend->matmul] { matmul(args); };
}

}  // namespace

int main() {
  return bench::serveGemm(
      "level", [] { return anneal::cpuLevel().name; }, multiply);
}

// The register tiles of float64.
#include "cpu/gemm/micro.h"

namespace anneal::ANNEAL_LEVEL::gemm {

template <>
constinit const Tiles<double> Tiles<double>::all = TileTable<double>().tiles;

}  // namespace anneal::ANNEAL_LEVEL::gemm

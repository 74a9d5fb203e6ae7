// The register tiles of float32.
#include "cpu/gemm/micro.h"

namespace anneal::ANNEAL_LEVEL::gemm {

template <>
constinit const Tiles<float> Tiles<float>::all = TileTable<float>().tiles;

}  // namespace anneal::ANNEAL_LEVEL::gemm

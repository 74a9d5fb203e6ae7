// The kernels of normalisation, each in the file of its name.
#pragma once
#include "cpu/fold.h"
#include "cpu/support.h"

namespace anneal::ANNEAL_LEVEL {

constexpr int64_t kPlane = 128;  // channels of fewer elements per sample are normalised by columns

void normRows(const NormArgs& args);
void normRowsBackward(const NormArgs& args);
void normGroups(const NormArgs& args);
void normGroupsBackward(const NormArgs& args);
void normPlanes(const NormArgs& args);
void normPlanesBackward(const NormArgs& args);
void normColumns(const NormArgs& args);
void normColumnsBackward(const NormArgs& args);

}  // namespace anneal::ANNEAL_LEVEL

// query/exec/info.h
//
// info(): series get the labels of the info series (target_info and its like) that have the same
// job and instance, as they are at each step.
#ifndef HEARTH_QUERY_EXEC_INFO_H_
#define HEARTH_QUERY_EXEC_INFO_H_

#include "query/exec/operator.h"

namespace hearth::promql {

// `info` gives the times of the info series' samples (SelectorOutput::kInfoTime), `selector` is
// what it selects by, after plan/.
VectorPtr NewInfo(VectorPtr base, VectorPtr info, const VectorSelector& selector);

}  // namespace hearth::promql

#endif  // HEARTH_QUERY_EXEC_INFO_H_

#include "bindings.h"

namespace instseg::python {

// Families' post-processing on given tensors, so that tests can compare it with Paddle's.
void bind_families(py::module_& m) {
  bind_mask_rcnn(m);
  bind_mask_rtdetr(m);
  bind_ppyoloe_seg(m);
  bind_solov2(m);
}

}  // namespace instseg::python

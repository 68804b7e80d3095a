#include "postprocess/mask_render.h"

#include <string>

#include "instseg/errors.h"
#include "postprocess/mask_kernels.h"
#include "postprocess/threshold_rows.h"

namespace instseg {
namespace {

void check_low_resolution(const char* what, int height, int width) {
  if (height >= 1 && width >= 1) return;
  throw InvalidArgument(std::string("render_mask: ") + what +
                        " must have at least one row and one column, but are " +
                        std::to_string(height) + " x " + std::to_string(width));
}

// Fills the axes for the region; false where there is no pixel to draw.
bool assign_axes(int height, int width, const Mask& mask, MaskRenderWorkspace& workspace) {
  const Region& region = mask.region();
  if (region.width == 0 || region.height == 0) return false;
  workspace.rows.assign(height, mask.image_height(), region.y, region.height);
  workspace.columns.assign(width, mask.image_width(), region.x, region.width);
  return true;
}

void draw(MaskRenderWorkspace& workspace, float threshold, Mask& mask) {
  threshold_tile(workspace.tile, workspace.rows, workspace.columns, threshold, mask,
                 workspace.row_buffers);
}

}  // namespace

Mask render_mask(const PrototypeMasks& prototypes, const float* coefficients, int image_height,
                 int image_width, const Region& region, float logit_threshold,
                 MaskRenderWorkspace& workspace) {
  check_low_resolution("prototypes", prototypes.height, prototypes.width);
  Mask mask(image_height, image_width, region);
  if (assign_axes(prototypes.height, prototypes.width, mask, workspace)) {
    workspace.tile.assign(prototypes, coefficients, workspace.rows, workspace.columns);
    draw(workspace, logit_threshold, mask);
  }
  return mask;
}

Mask render_mask(const LogitMap& logits, int image_height, int image_width, const Region& region,
                 float threshold, MaskRenderWorkspace& workspace) {
  check_low_resolution("logits", logits.height, logits.width);
  Mask mask(image_height, image_width, region);
  if (assign_axes(logits.height, logits.width, mask, workspace)) {
    workspace.tile.assign(logits, workspace.rows, workspace.columns);
    draw(workspace, threshold, mask);
  }
  return mask;
}

void threshold_tile(const LogitTile& tile, const BilinearAxis& rows, const BilinearAxis& columns,
                    float threshold, Mask& mask, std::array<std::vector<float>, 2>& row_buffers) {
  const MaskKernels& kernels = INSTSEG_ACTIVE_KERNELS(kMaskKernels);
  threshold_rows(rows, columns, threshold, mask, row_buffers, [&](int row, float* out) {
    kernels.interpolate_row(tile.row(row), tile.first_column(), columns.source(), columns.weight0(),
                            columns.weight1(), columns.padded_count(), out);
  });
}

}  // namespace instseg

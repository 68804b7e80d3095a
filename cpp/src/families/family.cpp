#include "families/family.h"

#include <array>
#include <string>

#include "families/mask_rcnn.h"
#include "families/mask_rtdetr.h"
#include "families/ppyoloe_seg.h"
#include "families/solov2.h"
#include "instseg/errors.h"

namespace instseg {
namespace {

struct Row {
  const char* name;
  std::unique_ptr<const Family> (*make)(const NetworkFolder&);
};

// Every family. A new one is a file in this folder and a row here.
constexpr std::array<Row, 4> kFamilies = {{
    {"mask_rcnn", make_mask_rcnn},
    {"mask_rtdetr", make_mask_rtdetr},
    {"ppyoloe_seg", make_ppyoloe_seg},
    {"solov2", make_solov2},
}};

}  // namespace

std::unique_ptr<const Family> make_family(const NetworkFolder& folder) {
  std::string names;
  for (const Row& row : kFamilies) {
    if (folder.family == row.name) return row.make(folder);
    names += (names.empty() ? "\"" : ", \"") + std::string(row.name) + "\"";
  }
  throw ModelError((folder.path / "instseg.json").string() + ": 'family' is \"" + folder.family +
                   "\", expected one of " + names +
                   "; this version of instseg does not run other families");
}

}  // namespace instseg

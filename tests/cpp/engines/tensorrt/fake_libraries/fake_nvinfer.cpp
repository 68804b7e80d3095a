// Stands in for libnvinfer: exports what load_vendor() looks for. FAKE_NEEDS makes it need another
// library.
#include <cstdint>

#ifdef FAKE_NEEDS
extern "C" int instseg_fake_cudart();
#else
static int instseg_fake_cudart() { return 0; }
#endif

extern "C" {
void* createInferBuilder_INTERNAL(void*, std::int32_t) { return nullptr; }
void* createInferRuntime_INTERNAL(void*, std::int32_t) { return nullptr; }
std::int32_t getInferLibVersion() { return 101600 + instseg_fake_cudart(); }
}

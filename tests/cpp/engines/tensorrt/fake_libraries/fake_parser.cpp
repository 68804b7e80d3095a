// Stands in for libnvonnxparser.
extern "C" void* createNvOnnxParser_INTERNAL(void*, void*, int) { return nullptr; }

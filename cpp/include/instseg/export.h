#pragma once

// Marks what libinstseg exports; everything else is hidden.
#if defined(_WIN32)
#if defined(INSTSEG_BUILDING)
#define INSTSEG_API __declspec(dllexport)
#else
#define INSTSEG_API __declspec(dllimport)
#endif
#else
#define INSTSEG_API __attribute__((visibility("default")))
#endif

/* What stands in for the library of NVIDIA's driver: one GPU that takes 190 watts, and with FAKE_SILENT another one that
   says nothing of what it takes. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct { unsigned version; unsigned long long total, reserved, free, used; } memory;
typedef struct { unsigned gpu, memory; } rates;

static int gpus[2];

static int silent(void *device) { return device == &gpus[1]; }

int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { return code == 3 ? "Not Supported" : "Unknown"; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = getenv("FAKE_SILENT") ? 2 : 1; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) { *device = &gpus[index]; return 0; }
int nvmlDeviceGetName(void *device, char *name, unsigned length) { strncpy(name, "Fake GPU", length); return 0; }

int nvmlDeviceGetMemoryInfo_v2(void *device, memory *info) {
  if (silent(device)) return 3;
  info->total = 24ULL << 30;
  info->used = 6ULL << 30;
  info->free = 18ULL << 30;
  return 0;
}

int nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts) { *milliwatts = 190000; return silent(device) ? 3 : 0; }
int nvmlDeviceGetTemperature(void *device, int sensor, unsigned *celsius) { *celsius = 61; return silent(device) ? 3 : 0; }
int nvmlDeviceGetUtilizationRates(void *device, rates *busy) { busy->gpu = 87; busy->memory = 5; return silent(device) ? 3 : 0; }

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  *millijoules = 190ULL * (now.tv_sec * 1000ULL + now.tv_nsec / 1000000ULL);
  return silent(device) ? 3 : 0;
}

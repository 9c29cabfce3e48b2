// What one write and fdatasync of 4 KiB cost on the disk that holds FILE, with nothing around them: the floor under a
// confirm. Overwrites a file that was written and synced before (as a log with preallocated segments does), then
// appends to one that grows. Prints one JSON line.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 4096, BLOCKS = 4096, MAX = 1 << 20 };
static uint32_t times[MAX];

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}
static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}
static void fail(const char *what) {
  perror(what);
  exit(1);
}
// Writes block after block for so many seconds and sorts the times; returns how many there are.
static size_t run(int fd, int wraps, double secs) {
  static uint8_t block[BLOCK];
  size_t n = 0;
  uint64_t end = now_ns() + (uint64_t)(secs * 1e9), t;
  while ((t = now_ns()) < end && n < MAX) {
    memcpy(block, &t, sizeof t);
    off_t at = (off_t)(wraps ? n % BLOCKS : n) * BLOCK;
    if (pwrite(fd, block, BLOCK, at) != BLOCK) fail("write");
    if (fdatasync(fd)) fail("fdatasync");
    times[n++] = (uint32_t)(now_ns() - t);
  }
  qsort(times, n, sizeof *times, compare);
  return n;
}
static int create(const char *path) {
  int fd = open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) fail(path);
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "use: sync_probe FILE SECONDS\n");
    return 1;
  }
  double secs = atof(argv[2]) / 2;
  int fd = create(argv[1]);
  uint8_t *zero = calloc(BLOCKS, BLOCK);
  if (pwrite(fd, zero, (size_t)BLOCKS * BLOCK, 0) != BLOCKS * BLOCK || fsync(fd)) fail("write");
  size_t n = run(fd, 1, secs);
  printf("{\"overwrite_p50_ms\":%.4f,\"overwrite_p99_ms\":%.4f,", times[n / 2] / 1e6, times[n * 99 / 100] / 1e6);
  close(fd);
  fd = create(argv[1]);
  n = run(fd, 0, secs);
  printf("\"append_p50_ms\":%.4f,\"append_p99_ms\":%.4f}\n", times[n / 2] / 1e6, times[n * 99 / 100] / 1e6);
  close(fd);
  unlink(argv[1]);
  return 0;
}

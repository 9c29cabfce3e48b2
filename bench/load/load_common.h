// Under amqp091_load.c: sockets, TLS, histogram, CPU and memory of the server under test.
#ifndef LOAD_COMMON_H
#define LOAD_COMMON_H
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  fprintf(stderr, "load: ");
  vfprintf(stderr, fmt, ap);
  fprintf(stderr, "\n");
  va_end(ap);
  exit(1);
}
static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec;
}
static inline uint32_t be32(const uint8_t *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }
static inline uint16_t be16(const uint8_t *p) { return p[0] << 8 | p[1]; }
static inline uint64_t be64(const uint8_t *p) { return (uint64_t)be32(p) << 32 | be32(p + 4); }
static inline void wr32(uint8_t *p, uint32_t v) { p[0] = v >> 24, p[1] = v >> 16, p[2] = v >> 8, p[3] = v; }
static inline void wr16(uint8_t *p, uint16_t v) { p[0] = v >> 8, p[1] = v; }
static inline void wr64(uint8_t *p, uint64_t v) { wr32(p, v >> 32), wr32(p + 4, (uint32_t)v); }

// Log-linear histogram of nanoseconds: 256 steps per power of two; a quantile is the middle of its step (0.2 %).
#define HB_LOG 8
#define HB (1 << HB_LOG)
typedef struct {
  uint64_t b[64 * HB], n;
} hist_t;
static inline void hist_add(hist_t *h, uint64_t v, uint64_t times) {
  if (v < HB) {
    h->b[v] += times;
  } else {
    int e = 63 - __builtin_clzll(v);
    h->b[(e - HB_LOG + 1) * HB + ((v >> (e - HB_LOG)) & (HB - 1))] += times;
  }
  h->n += times;
}
static double hist_q(const hist_t *h, double q) {  // in milliseconds
  if (!h->n) return 0;
  uint64_t want = (uint64_t)(q * (double)h->n), s = 0;
  for (int i = 0; i < 64 * HB; i++)
    if ((s += h->b[i]) > want) {
      if (i < HB) return i / 1e6;
      int shift = i / HB - 1;
      return ((double)(((uint64_t)(HB + i % HB)) << shift) + (double)(1ull << shift) / 2) / 1e6;
    }
  return 0;
}

typedef struct conn {
  int fd;
  SSL *ssl;
  uint8_t *rb;
  size_t rs, re, rcap;  // read buffer: unparsed bytes are rb[rs..re)
  uint8_t *ob;
  size_t oo, ol, ocap;  // small outgoing frames (acks)
  int want_out, blocked;
  int kind, idx;
} conn;

static SSL_CTX *g_ctx;
static int g_sndbuf = 0;
static const char *g_server_name = "localhost";

static void tls_init(const char *ca, const char *suites, int noresume) {
  g_ctx = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(g_ctx, TLS1_3_VERSION);
  if (suites && SSL_CTX_set_ciphersuites(g_ctx, suites) != 1) die("bad cipher suites");
  if (ca) {
    if (SSL_CTX_load_verify_locations(g_ctx, ca, NULL) != 1) die("cannot load CA %s", ca);
    SSL_CTX_set_verify(g_ctx, SSL_VERIFY_PEER, NULL);
  }
  SSL_CTX_set_mode(g_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(g_ctx, 1);
  SSL_CTX_set_default_read_buffer_len(g_ctx, 128 * 1024);
  if (noresume) SSL_CTX_set_session_cache_mode(g_ctx, SSL_SESS_CACHE_OFF);
}

static int tcp_connect(const char *host, int port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  if (inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &a.sin_addr) != 1) die("host must be an IPv4 address");
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  if (fd < 0) return -1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (g_sndbuf) setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &g_sndbuf, sizeof g_sndbuf);
  if (connect(fd, (struct sockaddr *)&a, sizeof a)) {
    close(fd);
    return -1;
  }
  return fd;
}

// Opens the transport; 0 on success.
static int conn_open(conn *c, const char *host, int port, int tls, size_t rcap) {
  memset(c, 0, sizeof *c);
  c->fd = tcp_connect(host, port);
  if (c->fd < 0) return -1;
  c->rcap = rcap;
  c->rb = malloc(rcap);
  c->ocap = 64 * 1024;
  c->ob = malloc(c->ocap);
  if (tls) {
    c->ssl = SSL_new(g_ctx);
    SSL_set_fd(c->ssl, c->fd);
    X509_VERIFY_PARAM_set1_host(SSL_get0_param(c->ssl), g_server_name, 0);
    SSL_set_tlsext_host_name(c->ssl, g_server_name);
    if (SSL_connect(c->ssl) != 1) {
      if (getenv("LOAD_DEBUG")) ERR_print_errors_fp(stderr);
      ERR_clear_error();
      SSL_free(c->ssl);
      close(c->fd);
      free(c->rb);
      free(c->ob);
      return -1;
    }
  }
  return 0;
}
static void conn_close(conn *c) {
  if (c->ssl) {
    SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
  }
  close(c->fd);
  free(c->rb);
  free(c->ob);
  c->fd = -1;
}
// >0 bytes, 0 = would block, -1 = closed
static ssize_t conn_rd(conn *c, void *b, size_t n) {
  if (c->ssl) {
    int r = SSL_read(c->ssl, b, n > 1 << 20 ? 1 << 20 : (int)n);
    if (r > 0) return r;
    int e = SSL_get_error(c->ssl, r);
    return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1;
  }
  ssize_t r = recv(c->fd, b, n, 0);
  if (r > 0) return r;
  return r < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}
static ssize_t conn_wr(conn *c, const void *b, size_t n) {
  if (c->ssl) {
    int r = SSL_write(c->ssl, b, n > 1 << 20 ? 1 << 20 : (int)n);
    if (r > 0) return r;
    int e = SSL_get_error(c->ssl, r);
    return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1;
  }
  ssize_t r = send(c->fd, b, n, MSG_NOSIGNAL);
  if (r >= 0) return r;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}
static int conn_wr_all(conn *c, const uint8_t *b, size_t n) {  // blocking phase
  while (n) {
    ssize_t r = conn_wr(c, b, n);
    if (r < 0) return -1;
    b += r, n -= r;
  }
  return 0;
}
static void set_nb(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

static int g_ep;
static void ep_add(conn *c) {
  struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
  epoll_ctl(g_ep, EPOLL_CTL_ADD, c->fd, &e);
}
static void ep_out(conn *c, int on) {
  if (c->want_out == on) return;
  c->want_out = on;
  struct epoll_event e = {.events = EPOLLIN | (on ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(g_ep, EPOLL_CTL_MOD, c->fd, &e);
}
static void conn_flush(conn *c) {
  while (c->oo < c->ol) {
    ssize_t r = conn_wr(c, c->ob + c->oo, c->ol - c->oo);
    if (r < 0) die("connection lost on write");
    if (r == 0) {
      ep_out(c, 1);
      return;
    }
    c->oo += r;
  }
  c->oo = c->ol = 0;
}
static uint8_t *conn_out(conn *c, size_t n) {
  if (c->ol + n > c->ocap) {
    if (c->oo) {
      memmove(c->ob, c->ob + c->oo, c->ol - c->oo);
      c->ol -= c->oo;
      c->oo = 0;
    }
    if (c->ol + n > c->ocap) {
      c->ocap = (c->ol + n) * 2;
      c->ob = realloc(c->ob, c->ocap);
    }
  }
  uint8_t *p = c->ob + c->ol;
  c->ol += n;
  return p;
}

// CPU of the server: utime+stime of each pid (covers all its threads), in seconds.
static int g_pids[64], g_npids;
static void pids_parse(const char *s) {
  char *d = strdup(s), *sv, *t;
  for (t = strtok_r(d, ",", &sv); t && g_npids < 64; t = strtok_r(NULL, ",", &sv))
    if (atoi(t) > 0) g_pids[g_npids++] = atoi(t);
  free(d);
}
static double pid_cpu(int pid, double *usr, double *sys) {
  char f[64], b[2048];
  snprintf(f, sizeof f, "/proc/%d/stat", pid);
  FILE *h = fopen(f, "r");
  if (!h) return 0;
  size_t n = fread(b, 1, sizeof b - 1, h);
  fclose(h);
  b[n] = 0;
  char *p = strrchr(b, ')');
  if (!p) return 0;
  unsigned long u = 0, s = 0;
  sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s);
  double hz = sysconf(_SC_CLK_TCK);
  if (usr) *usr += u / hz;
  if (sys) *sys += s / hz;
  return (u + s) / hz;
}
static double srv_cpu(double *u, double *s) {
  double t = 0;
  *u = *s = 0;
  for (int i = 0; i < g_npids; i++) t += pid_cpu(g_pids[i], u, s);
  return t;
}
static double self_cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_utime.tv_usec / 1e6 + r.ru_stime.tv_sec + r.ru_stime.tv_usec / 1e6;
}
static double sys_cpu(void) {  // busy CPU seconds of the whole machine
  FILE *h = fopen("/proc/stat", "r");
  unsigned long v[8] = {0};
  if (!h) return 0;
  if (fscanf(h, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7) < 8) v[0] = 0;
  fclose(h);
  return (double)(v[0] + v[1] + v[2] + v[5] + v[6]) / sysconf(_SC_CLK_TCK);
}
static double sys_steal(void) {
  FILE *h = fopen("/proc/stat", "r");
  unsigned long v[8] = {0};
  if (!h) return 0;
  if (fscanf(h, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7) < 8) v[7] = 0;
  fclose(h);
  return (double)v[7] / sysconf(_SC_CLK_TCK);
}
static long srv_mem_kb(const char *key) {
  long t = 0;
  for (int i = 0; i < g_npids; i++) {
    char f[64], b[256];
    snprintf(f, sizeof f, "/proc/%d/status", g_pids[i]);
    FILE *h = fopen(f, "r");
    if (!h) continue;
    while (fgets(b, sizeof b, h))
      if (!strncmp(b, key, strlen(key))) t += atol(b + strlen(key) + 1);
    fclose(h);
  }
  return t;
}
#endif

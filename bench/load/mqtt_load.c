// Load generator for MQTT 3.1.1. See load_flow.h.
//
// --queue is the topic, and each consumer subscribes to it, so that each gets all messages.
// With --window messages have QoS 1, and the consumers' sessions outlive their connections.
#include "load_flow.h"

enum { CONNECT = 1, CONNACK, PUBLISH, PUBACK, SUBSCRIBE = 8, SUBACK };

static uint8_t *g_packet;
static size_t g_packet_length, g_id_at, g_body_at;
static uint16_t g_id;

static size_t put_length(uint8_t *p, uint32_t n) {
  size_t i = 0;
  do {
    p[i] = n & 127, n >>= 7;
    if (n) p[i] |= 128;
    i++;
  } while (n);
  return i;
}
static size_t put_string(uint8_t *p, const char *s) {
  size_t n = strlen(s);
  wr16(p, n);
  memcpy(p + 2, s, n);
  return n + 2;
}
// The length of the fixed header; `length` is that of the whole packet. 0 if it is not known yet.
static size_t fixed_header(const uint8_t *p, size_t n, size_t *length) {
  uint32_t rest = 0;
  for (size_t i = 1; i < 5 && i < n; i++) {
    rest |= (uint32_t)(p[i] & 127) << (7 * (i - 1));
    if (p[i] & 128) continue;
    *length = i + 1 + rest;
    return i + 1;
  }
  if (n >= 5) die("bad remaining length");
  return 0;
}
static size_t frame_length(const uint8_t *b, size_t n) {
  size_t length;
  return fixed_header(b, n, &length) && length <= n ? length : 0;
}
static uint8_t *wait_packet(conn *c, int type) {
  size_t n, length;
  uint8_t *p = wait_frame(c, &n);
  return p && p[0] >> 4 == type ? p + fixed_header(p, n, &length) : NULL;
}

static int is_session(const char *client) { return o_window && strstr(client, "consumer"); }
static int open_session(conn *c, const char *client, int is_clean) {
  if (conn_open(c, o_host, o_port, o_tls, RCAP)) return -1;
  uint8_t b[1024], *p = b + 8;
  p += put_string(p, "MQTT");
  *p++ = 4;
  *p++ = (is_clean ? 2 : 0) | 0x80 | 0x40;
  wr16(p, 600), p += 2;
  if (strlen(client) + strlen(o_user) + strlen(o_pass) > sizeof b - 64) die("names are too long");
  p += put_string(p, client);
  p += put_string(p, o_user);
  p += put_string(p, o_pass);
  uint8_t head[8] = {CONNECT << 4};
  size_t n = 1 + put_length(head + 1, p - (b + 8));
  put(c, head, n);
  put(c, b + 8, p - (b + 8));
  flush_blocking(c);
  uint8_t *a = wait_packet(c, CONNACK);
  if (a && !a[1]) return 0;
  if (a) fprintf(stderr, "load: refused: %d\n", a[1]);
  conn_close(c);
  return -1;
}
static int log_in(conn *c, const char *client) { return open_session(c, client, !is_session(client)); }

static void subscribe(consumer *c) {
  g_copies = o_consumers;
  uint8_t b[512], *p = b + 4;
  if (strlen(o_queue) > 100) die("the topic is too long");
  wr16(p, 1), p += 2;
  p += put_string(p, o_queue);
  *p++ = o_window ? 1 : 0;
  b[2] = SUBSCRIBE << 4 | 2, b[3] = p - (b + 4);
  put(&c->c, b + 2, p - (b + 2));
  flush_blocking(&c->c);
  uint8_t *a = wait_packet(&c->c, SUBACK);
  if (!a || a[2] & 0x80) die("cannot subscribe");
}

static void prepare_producer(void) {
  if (!o_window) o_transient = 1;
  uint8_t *m = g_packet = malloc(o_size + 512);
  size_t n = 0;
  m[n++] = PUBLISH << 4 | (o_window ? 2 : 0);
  n += put_length(m + n, 2 + strlen(o_queue) + (o_window ? 2 : 0) + o_size);
  n += put_string(m + n, o_queue);
  g_id_at = n;
  if (o_window) n += 2;
  g_body_at = n;
  fill_body(m + n);
  g_packet_length = n + o_size;
}

static long sendable(void) { return LONG_MAX; }
static void send_one(uint64_t now) {
  if (o_window) {
    if (++g_id == 0) g_id = 1;
    wr16(g_packet + g_id_at, g_id);
    asked(now);
  }
  stamp(g_packet + g_body_at, now);
  put(&P->c, g_packet, g_packet_length);
}

static void on_frame(conn *c, consumer *of, uint8_t *f, size_t n) {
  size_t length, at = fixed_header(f, n, &length);
  int type = f[0] >> 4;
  if (of && type == PUBLISH) {
    int qos = f[0] >> 1 & 3;
    uint8_t *body = f + at + 2 + be16(f + at) + (qos ? 2 : 0);
    if (qos) {
      uint8_t answer[4] = {PUBACK << 4, 2, body[-2], body[-1]};
      put(c, answer, 4);
    }
    received(of, body, f + n - body);
  } else if (!of && type == PUBACK) {
    confirmed(1);
  }
}

static void acknowledge(consumer *c) { c->unacked = 0; }

// A session ends when its client connects with a clean one.
static void clean_up(void) {
  for (int i = 0; i < o_consumers && o_window; i++) {
    char name[64];
    client_name(name, sizeof name, "consumer", i);
    conn_close(&C[i].c);
    conn c;
    if (open_session(&c, name, 1)) die("cannot end the session %s", name);
    put(&c, "\xe0\0", 2);
    flush_blocking(&c);
    conn_close(&c);
  }
}

// Load generator for STOMP 1.2. See load_flow.h.
//
// With --window each SEND asks for a receipt; in transactions, each COMMIT does.
#include "load_flow.h"

static char g_destination[256], g_head[512];
static uint8_t *g_body;
static size_t g_head_length;

static void putf(conn *c, const char *format, ...) {
  char b[1024];
  va_list ap;
  va_start(ap, format);
  int n = vsnprintf(b, sizeof b, format, ap);
  va_end(ap);
  put(c, b, n + 1);  // a frame without a body ends with the NUL of the string
}

// Finds the body of the first frame. Returns the length of the frame with its NUL; 0 if it is incomplete.
static size_t find_body(const uint8_t *b, size_t n, size_t *body, size_t *body_length) {
  size_t skip = 0;
  while (skip < n && (b[skip] == '\n' || b[skip] == '\r')) skip++;
  const uint8_t *end = memmem(b + skip, n - skip, "\n\n", 2);
  if (!end) return 0;
  *body = end + 2 - b;
  const uint8_t *given = memmem(b + skip, end - b - skip, "\ncontent-length:", 16);
  if (given) {
    *body_length = strtoul((const char *)given + 16, NULL, 10);
  } else {
    const uint8_t *nul = memchr(b + *body, 0, n - *body);
    if (!nul) return 0;
    *body_length = nul - b - *body;
  }
  size_t whole = *body + *body_length + 1;
  return whole <= n ? whole : 0;
}
static size_t frame_length(const uint8_t *b, size_t n) {
  size_t body, length;
  return find_body(b, n, &body, &length);
}

static void copy_header(const uint8_t *b, size_t n, const char *name, uint8_t *to, size_t size) {
  char key[64];
  int k = snprintf(key, sizeof key, "\n%s:", name);
  const uint8_t *at = memmem(b, n, key, k);
  if (!at) die("a message without the header %s", name);
  at += k;
  const uint8_t *end = memchr(at, '\n', b + n - at);
  size_t length = end - at;
  if (length >= size) die("a header %s of %zu bytes", name, length);
  memcpy(to, at, length);
  to[length] = 0;
}

static void acknowledge(consumer *c) {
  c->unacked = 0;
  if (!o_ackbatch) return;
  if (!o_transaction) {
    putf(&c->c, "ACK\nid:%s\n\n", c->last);
    return;
  }
  unsigned long t = ++c->transaction;
  putf(&c->c, "BEGIN\ntransaction:a%lu\n\n", t);
  putf(&c->c, "ACK\nid:%s\ntransaction:a%lu\n\n", c->last, t);
  putf(&c->c, "COMMIT\ntransaction:a%lu\n\n", t);
}

static void on_frame(conn *c, consumer *of, uint8_t *f, size_t n) {
  (void)c;
  size_t body, length;
  find_body(f, n, &body, &length);
  while (*f == '\n' || *f == '\r') f++, body--;
  if (of && !memcmp(f, "MESSAGE", 7)) {
    received(of, f + body, length);
    if (!o_ackbatch) return;
    copy_header(f, body, "ack", of->last, sizeof of->last);
    if (++of->unacked >= (uint64_t)o_ackbatch) acknowledge(of);
  } else if (!memcmp(f, "RECEIPT", 7)) {
    confirmed(1);
  } else {
    die("the broker says: %.*s", (int)(body + length), f);
  }
}

static int log_in(conn *c, const char *client) {
  if (conn_open(c, o_host, o_port, o_tls, RCAP)) return -1;
  putf(c, "CONNECT\naccept-version:1.2\nhost:%s\nheart-beat:0,0\nclient-id:%s\nlogin:%s\npasscode:%s\n\n", o_vhost, client, o_user, o_pass);
  flush_blocking(c);
  size_t n;
  uint8_t *f = wait_frame(c, &n);
  if (f && !memcmp(f, "CONNECTED", 9)) return 0;
  if (f) fprintf(stderr, "load: refused: %.*s\n", (int)n, f);
  conn_close(c);
  return -1;
}

static void subscribe(consumer *c) {
  snprintf(g_destination, sizeof g_destination, "/%s/%s", o_topic ? "topic" : "queue", o_queue);
  putf(&c->c, "SUBSCRIBE\nid:s\ndestination:%s\nack:%s\nactivemq.prefetchSize:%d\nprefetch-count:%d\nreceipt:s\n\n", g_destination, o_ackbatch ? "client" : "auto", o_prefetch, o_prefetch);
  flush_blocking(&c->c);
  size_t n;
  uint8_t *f = wait_frame(&c->c, &n);
  while (f && (*f == '\n' || *f == '\r')) f++;
  if (!f || memcmp(f, "RECEIPT", 7)) die("cannot subscribe: %.*s", f ? (int)n : 0, f);
}

static void prepare_producer(void) {
  snprintf(g_destination, sizeof g_destination, "/%s/%s", o_topic ? "topic" : "queue", o_queue);
  g_head_length = snprintf(g_head, sizeof g_head, "SEND\ndestination:%s\ncontent-length:%d\n%s%s", g_destination, o_size, o_transient ? "" : "persistent:true\n",
                           o_window && !o_transaction ? "receipt:r\n" : "");
  g_body = calloc(1, o_size + 1);
  fill_body(g_body);
}

static long sendable(void) { return LONG_MAX; }
static void send_one(uint64_t now) {
  if (o_transaction && !P->in_transaction) putf(&P->c, "BEGIN\ntransaction:t%lu\n\n", ++P->transaction);
  put(&P->c, g_head, g_head_length);
  if (o_transaction) {
    char b[64];
    put(&P->c, b, snprintf(b, sizeof b, "transaction:t%lu\n", P->transaction));
  }
  put(&P->c, "\n", 1);
  stamp(g_body, now);
  put(&P->c, g_body, o_size + 1);
  if (!o_transaction) {
    if (o_window) asked(now);
  } else if (++P->in_transaction == (uint64_t)o_transaction) {
    P->in_transaction = 0;
    putf(&P->c, "COMMIT\ntransaction:t%lu\nreceipt:r\n\n", P->transaction);
    asked(now);
  }
}

// DISCONNECT with a receipt: the broker has settled all acknowledgements once it comes.
static void clean_up(void) {
  for (int i = 0; i < o_consumers; i++) {
    conn *c = &C[i].c;
    putf(c, "DISCONNECT\nreceipt:d\n\n");
    flush_blocking(c);
    size_t n;
    uint8_t *f;
    while ((f = wait_frame(c, &n)) && !memmem(f, n, "RECEIPT", 7)) continue;
  }
}

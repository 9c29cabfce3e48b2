// Load generator for AMQP 1.0. See load_flow.h.
//
// --queue is an address. The sender is unsettled, with at most --window unsettled deliveries and the
// credit that the broker grants. The receiver keeps its credit near --prefetch and accepts ranges.
#define ONE_PRODUCER  // credit is counted once
#include "load_flow.h"

enum { OPEN = 0x10, BEGIN, ATTACH, FLOW, TRANSFER, DISPOSITION, DETACH, END, CLOSE, MECHANISMS = 0x40, INIT, OUTCOME = 0x44 };
enum { ACCEPTED = 0x24, SOURCE = 0x28, TARGET };
#define SESSION_WINDOW 1000000

// ---- encoding: everything in its longest form ----
typedef struct {
  uint8_t b[2048];
  size_t n, at[8];  // `at` and `count` are those of each open list
  int count[8], depth;
} enc;
static void eraw(enc *e, const void *p, size_t n) {
  if (e->n + n > sizeof e->b) die("a performative is too long");
  memcpy(e->b + e->n, p, n), e->n += n;
}
static void e8(enc *e, int v) {
  uint8_t b = v;
  eraw(e, &b, 1);
}
static void e32(enc *e, uint32_t v) {
  uint8_t b[4];
  wr32(b, v), eraw(e, b, 4);
}
static void field(enc *e) { e->count[e->depth]++; }
static void null(enc *e) { field(e), e8(e, 0x40); }
static void boolean(enc *e, int v) { field(e), e8(e, v ? 0x41 : 0x42); }
static void u8(enc *e, int v) { field(e), e8(e, 0x50), e8(e, v); }
static void u16(enc *e, int v) { field(e), e8(e, 0x60), e8(e, v >> 8), e8(e, v); }
static void u32(enc *e, uint32_t v) { field(e), e8(e, 0x70), e32(e, v); }
static void string(enc *e, const char *s) { field(e), e8(e, 0xb1), e32(e, strlen(s)), eraw(e, s, strlen(s)); }
static void symbol(enc *e, const char *s) { field(e), e8(e, 0xb3), e32(e, strlen(s)), eraw(e, s, strlen(s)); }
static void binary(enc *e, const void *p, size_t n) { field(e), e8(e, 0xb0), e32(e, n), eraw(e, p, n); }
static void list(enc *e, int descriptor) {
  field(e);
  e8(e, 0), e8(e, 0x53), e8(e, descriptor), e8(e, 0xd0);
  e->at[++e->depth] = e->n;
  e->count[e->depth] = 0;
  e32(e, 0), e32(e, 0);
}
static void list_end(enc *e) {
  size_t at = e->at[e->depth];
  wr32(e->b + at, e->n - at - 4);
  wr32(e->b + at + 4, e->count[e->depth--]);
}
static void frame(enc *e, int is_sasl, int performative) {
  e->n = 8, e->depth = 0;
  e->b[4] = 2, e->b[5] = is_sasl, wr16(e->b + 6, 0);
  list(e, performative);
}
static void send_frame(conn *c, enc *e) {
  list_end(e);
  wr32(e->b, e->n);
  put(c, e->b, e->n);
}

// ---- decoding ----
static const uint8_t *skip(const uint8_t *p) {
  int code = *p++;
  if (code == 0) return skip(skip(p));
  switch (code >> 4) {
    case 4: return p;
    case 5: return p + 1;
    case 6: return p + 2;
    case 7: return p + 4;
    case 8: return p + 8;
    case 9: return p + 16;
    case 0xa: case 0xc: case 0xe: return p + 1 + p[0];
    default: return p + 4 + be32(p);
  }
}
static uint64_t number(const uint8_t *p, uint64_t absent) {
  switch (*p) {
    case 0x43: case 0x44: return 0;
    case 0x50: case 0x52: case 0x53: return p[1];
    case 0x60: return be16(p + 1);
    case 0x70: return be32(p + 1);
    case 0x80: return be64(p + 1);
    default: return absent;
  }
}
static int is_true(const uint8_t *p) { return *p == 0x41 || (*p == 0x56 && p[1]); }
// Finds the descriptor of the described list at `p`, and the places of its first 16 fields.
static void fields_of(const uint8_t *p, int *descriptor, const uint8_t **at) {
  static const uint8_t none = 0x40;
  for (int i = 0; i < 16; i++) at[i] = &none;
  *descriptor = -1;
  if (*p != 0) return;
  *descriptor = number(p + 1, 0);
  p = skip(p + 1);
  int count = *p == 0x45 ? 0 : *p == 0xc0 ? p[2] : (int)be32(p + 5);
  p += *p == 0x45 ? 1 : *p == 0xc0 ? 3 : 9;
  for (int i = 0; i < count && i < 16; i++, p = skip(p)) at[i] = p;
}
static size_t frame_length(const uint8_t *b, size_t n) {
  if (n < 8) return 0;
  if (!memcmp(b, "AMQP", 4)) return 8;  // the protocol header
  size_t whole = be32(b);
  return whole <= n ? whole : 0;
}
// The performative of a frame and its fields; -1 if the frame is empty.
static int performative(const uint8_t *f, size_t n, const uint8_t **at) {
  int found = -1;
  size_t body = f[4] * 4;
  if (n > body) fields_of(f + body, &found, at);
  return found;
}
static void refused(const char *what, const uint8_t *error) {
  const uint8_t *at[16];
  int descriptor;
  fields_of(error, &descriptor, at);
  const uint8_t *text = at[1], *condition = at[0];
  die("%s: %.*s: %.*s", what, *condition == 0xa3 ? condition[1] : 0, condition + 2, *text == 0xa1 ? text[1] : 0, text + 2);
}
static void refuse_ends(int type, const uint8_t **at) {
  if (type == CLOSE) refused("the broker closes the connection", at[0]);
  if (type == END) refused("the broker ends the session", at[0]);
  if (type == DETACH) refused("the broker detaches the link", at[2]);
}
static uint8_t *expect(conn *c, int wanted, const uint8_t **at) {
  size_t n;
  for (uint8_t *f; (f = wait_frame(c, &n));) {
    int type = performative(f, n, at);
    if (type == wanted) return f;
    refuse_ends(type, at);
  }
  return NULL;
}

// ---- opening ----
static int header(conn *c, int protocol) {
  uint8_t h[8] = {'A', 'M', 'Q', 'P', protocol, 1, 0, 0};
  put(c, h, 8);
  flush_blocking(c);
  size_t n;
  uint8_t *f = wait_frame(c, &n);
  return f && n == 8 && !memcmp(f, h, 8) ? 0 : -1;
}
static int authenticate(conn *c) {
  const uint8_t *at[16];
  if (header(c, 3) || !expect(c, MECHANISMS, at)) return -1;
  enc e;
  char plain[256];
  int n = snprintf(plain, sizeof plain, "%c%s%c%s", 0, o_user, 0, o_pass);
  frame(&e, 1, INIT);
  symbol(&e, "PLAIN"), binary(&e, plain, n);
  send_frame(c, &e);
  flush_blocking(c);
  if (!expect(c, OUTCOME, at) || number(at[0], 9)) return -1;
  return header(c, 0);
}
static uint32_t g_first_transfer, g_first_delivery;  // as the session and the link that were opened last number them
static int log_in(conn *c, const char *client) {
  if (conn_open(c, o_host, o_port, o_tls, RCAP)) return -1;
  const uint8_t *at[16];
  enc e;
  if (authenticate(c)) goto bad;
  frame(&e, 0, OPEN);
  string(&e, client), string(&e, "localhost"), u32(&e, 131072), u16(&e, 10);
  send_frame(c, &e);
  frame(&e, 0, BEGIN);
  null(&e), u32(&e, 0), u32(&e, SESSION_WINDOW), u32(&e, SESSION_WINDOW);
  send_frame(c, &e);
  flush_blocking(c);
  if (expect(c, OPEN, at) && expect(c, BEGIN, at)) {
    g_first_transfer = number(at[1], 0);
    return 0;
  }
bad:
  conn_close(c);
  return -1;
}
static void attach(conn *c, int is_receiver) {
  enc e;
  const uint8_t *at[16];
  frame(&e, 0, ATTACH);
  string(&e, is_receiver ? "receiver" : "sender"), u32(&e, 0), boolean(&e, is_receiver);
  u8(&e, 0), u8(&e, 0);  // unsettled, first
  list(&e, SOURCE);
  if (is_receiver) string(&e, o_queue);
  list_end(&e);
  list(&e, TARGET);
  if (!is_receiver) string(&e, o_queue);
  list_end(&e);
  if (!is_receiver) null(&e), null(&e), u32(&e, 0);
  send_frame(c, &e);
  flush_blocking(c);
  if (!expect(c, ATTACH, at)) die("cannot attach");
  g_first_delivery = number(at[9], 0);
}

// ---- the receiver ----
typedef struct {
  uint32_t transfers, deliveries;  // the session's next-incoming-id and the link's delivery-count
  uint32_t credit;
} link_state;
static link_state *g_links;
// Restores the credit and the session's window.
static void grant(consumer *c) {
  link_state *l = &g_links[c->index];
  enc e;
  frame(&e, 0, FLOW);
  u32(&e, l->transfers), u32(&e, SESSION_WINDOW), u32(&e, 0), u32(&e, SESSION_WINDOW);
  u32(&e, 0), u32(&e, l->deliveries), u32(&e, o_prefetch);
  send_frame(&c->c, &e);
  l->credit = o_prefetch;
}
static void subscribe(consumer *c) {
  if (!g_links) g_links = calloc(o_consumers, sizeof *g_links);
  attach(&c->c, 1);
  g_links[c->index] = (link_state){.transfers = g_first_transfer, .deliveries = g_first_delivery};
  grant(c);
  flush_blocking(&c->c);
}
static void acknowledge(consumer *c) {
  enc e;
  frame(&e, 0, DISPOSITION);
  boolean(&e, 1), u32(&e, be32(c->first)), u32(&e, be32(c->last)), boolean(&e, 1);
  list(&e, ACCEPTED), list_end(&e);
  send_frame(&c->c, &e);
  c->unacked = 0;
}
static void on_transfer(consumer *c, const uint8_t *f, size_t n, const uint8_t **at) {
  if (is_true(at[5])) die("a message in several frames");
  uint8_t id[4];
  wr32(id, number(at[1], 0));
  if (!c->unacked++) memcpy(c->first, id, 4);
  memcpy(c->last, id, 4);
  link_state *l = &g_links[c->index];
  l->transfers++, l->deliveries++, l->credit--;
  const uint8_t *p = f + f[4] * 4, *end = f + n;
  for (p = skip(p); p < end; p = skip(p)) {
    if (number(p + 1, 0) != 0x75) continue;  // the data section
    const uint8_t *data = skip(p + 1);
    if (*data == 0xa0) received(c, data + 2, data[1]);
    else received(c, data + 5, be32(data + 1));
  }
  if (c->unacked >= (uint64_t)(o_ackbatch ? o_ackbatch : 1)) acknowledge(c);
  if (l->credit < (uint32_t)o_prefetch / 2) grant(c);
}

// ---- the sender ----
static uint8_t *g_message;
static size_t g_length, g_id_at, g_tag_at, g_body_at;
static uint64_t g_credit, g_window;  // messages, as numbered from 0, that credit and the session's window allow

static void on_flow(const uint8_t **at) {
  uint64_t next = number(at[0], 0), window = number(at[1], 0);
  g_window = next + window;
  if (*at[4] != 0x40) g_credit = number(at[5], 0) + number(at[6], 0);
}
static void prepare_producer(void) {
  attach(&P->c, 0);
  enc e;
  frame(&e, 0, TRANSFER);
  u32(&e, 0);
  g_id_at = e.n + 1;
  u32(&e, 0);
  g_tag_at = e.n + 5;
  binary(&e, "12345678", 8);
  u32(&e, 0), boolean(&e, 0);
  list_end(&e);
  e.depth = 0;
  list(&e, 0x70);  // the header section
  boolean(&e, !o_transient);
  list_end(&e);
  e8(&e, 0), e8(&e, 0x53), e8(&e, 0x75), e8(&e, 0xb0), e32(&e, o_size);
  g_body_at = e.n;
  g_length = e.n + o_size;
  g_message = malloc(g_length);
  memcpy(g_message, e.b, e.n);
  wr32(g_message, g_length);
  fill_body(g_message + g_body_at);
  // The first credit may come after the attach.
  const uint8_t *at[16];
  while (!g_credit) {
    if (!expect(&P->c, FLOW, at)) die("no credit");
    on_flow(at);
  }
}
static long sendable(void) {
  uint64_t limit = g_credit < g_window ? g_credit : g_window;
  return limit > g_sent ? (long)(limit - g_sent) : 0;
}
static void send_one(uint64_t now) {
  wr32(g_message + g_id_at, g_sent);
  wr64(g_message + g_tag_at, g_sent);
  stamp(g_message + g_body_at, now);
  put(&P->c, g_message, g_length);
  asked(now);
}

static void on_disposition(const uint8_t **at) {
  if (!is_true(at[0])) return;
  uint32_t first = number(at[1], 0), n = (uint32_t)number(at[2], first) - first + 1;
  const uint8_t *state[16];
  int outcome;
  fields_of(at[4], &outcome, state);
  if (outcome != ACCEPTED) g_refused += n;
  confirmed(n);
}
static void on_frame(conn *c, consumer *of, uint8_t *f, size_t n) {
  const uint8_t *at[16];
  int type = performative(f, n, at);
  (void)c;
  switch (type) {
    case TRANSFER: on_transfer(of, f, n, at); break;
    case DISPOSITION:
      if (!of) on_disposition(at);
      break;
    case FLOW:
      if (!of) on_flow(at);
      break;
    default: refuse_ends(type, at);
  }
}

static void clean_up(void) {
  const uint8_t *at[16];
  for (int i = 0; i < o_consumers; i++) {
    enc e;
    frame(&e, 0, CLOSE);
    send_frame(&C[i].c, &e);
    flush_blocking(&C[i].c);
    size_t n;
    for (uint8_t *f; (f = wait_frame(&C[i].c, &n));)
      if (performative(f, n, at) == CLOSE) break;
  }
}

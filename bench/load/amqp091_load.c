// Neutral AMQP 0-9-1 load generator: one thread, epoll, hand-made frames, optional TLS 1.3.
// Publishes pre-built frames (only a timestamp and a sequence number are patched in) and counts
// deliveries by walking frame headers, so that it costs little CPU beside the broker it measures.
// Prints one JSON line. See --help.
#include "load_common.h"

static const char *o_host = "127.0.0.1", *o_user = "guest", *o_pass = "guest", *o_vhost = "/", *o_ca, *o_suites = "TLS_AES_256_GCM_SHA384",
                  *o_qname = "load", *o_qtype, *o_name = "", *o_exchange;
static int o_hello, o_start, o_progress;
static int o_port = 5672, o_tls, o_prod = 1, o_cons = 1, o_queues = 1, o_size = 16, o_persist, o_confirm, o_prefetch, o_ackbatch, o_durable,
           o_nodeclare, o_delete, o_wait, o_first, o_churn, o_idle, o_churn_threads = 4, o_noresume = 1, o_mandatory, o_qmode_lazy, o_purge, o_spread;
static long o_inflight = 0, o_count = 0, o_minbatch = 0, o_rate = 0;
static double o_dur = 10, o_warm = 2, o_stall = 10;

#define RCAP (512 * 1024)

// ---- tiny AMQP encoder for the set-up phase ----
typedef struct {
  uint8_t b[4096];
  size_t n;
} enc;
static void e8(enc *e, int v) { e->b[e->n++] = v; }
static void e16(enc *e, int v) { wr16(e->b + e->n, v), e->n += 2; }
static void e32(enc *e, uint32_t v) { wr32(e->b + e->n, v), e->n += 4; }
static void e64(enc *e, uint64_t v) { wr64(e->b + e->n, v), e->n += 8; }
static void eraw(enc *e, const void *p, size_t n) { memcpy(e->b + e->n, p, n), e->n += n; }
static void ess(enc *e, const char *s) { e8(e, strlen(s)), eraw(e, s, strlen(s)); }
static void els(enc *e, const void *s, size_t n) { e32(e, n), eraw(e, s, n); }
static void m_begin(enc *e, int ch, int cls, int mth) {
  e->n = 0;
  e8(e, 1), e16(e, ch), e32(e, 0), e16(e, cls), e16(e, mth);
}
static size_t m_end(enc *e) {
  wr32(e->b + 3, e->n - 7);
  e8(e, 0xCE);
  return e->n;
}
static int m_send(conn *c, enc *e) {
  m_end(e);
  return conn_wr_all(c, e->b, e->n);
}
// Blocking: waits for the method cls.mth; other frames are an error except heartbeats. Returns the payload or NULL.
static uint8_t *m_wait(conn *c, int cls, int mth) {
  for (;;) {
    while (c->re - c->rs >= 8) {
      uint8_t *p = c->rb + c->rs;
      uint32_t sz = be32(p + 3);
      if (c->re - c->rs < sz + 8) break;
      c->rs += sz + 8;
      if (p[0] == 8) continue;
      if (p[0] == 1) {
        int k = be16(p + 7), m = be16(p + 9);
        if (k == cls && m == mth) return p + 11;
        if ((k == 10 && m == 50) || (k == 20 && m == 40)) {
          fprintf(stderr, "load: closed by server: %d %.*s\n", be16(p + 11), p[13], p + 14);
          return NULL;
        }
      }
    }
    if (c->rs) {
      memmove(c->rb, c->rb + c->rs, c->re - c->rs);
      c->re -= c->rs;
      c->rs = 0;
    }
    ssize_t r = conn_rd(c, c->rb + c->re, c->rcap - c->re);
    if (r < 0) return NULL;
    c->re += r;
  }
}
static uint32_t g_fmax = 131072;
static int amqp_open(conn *c, int chan) {
  if (conn_open(c, o_host, o_port, o_tls, RCAP)) return -1;
  enc e;
  if (conn_wr_all(c, (const uint8_t *)"AMQP\0\0\x09\x01", 8)) goto bad;
  if (!m_wait(c, 10, 10)) goto bad;
  if (o_hello) return 0;
  m_begin(&e, 0, 10, 11);
  size_t at = e.n;
  e32(&e, 0);
  ess(&e, "capabilities"), e8(&e, 'F');
  size_t at2 = e.n;
  e32(&e, 0);
  ess(&e, "basic.nack"), e8(&e, 't'), e8(&e, 1);
  ess(&e, "publisher_confirms"), e8(&e, 't'), e8(&e, 1);
  wr32(e.b + at2, e.n - at2 - 4);
  wr32(e.b + at, e.n - at - 4);
  ess(&e, "PLAIN");
  char pl[256];
  int n = snprintf(pl, sizeof pl, "%c%s%c%s", 0, o_user, 0, o_pass);
  els(&e, pl, n);
  ess(&e, "en_US");
  if (m_send(c, &e)) goto bad;
  uint8_t *p = m_wait(c, 10, 30);
  if (!p) goto bad;
  int chmax = be16(p);
  uint32_t fm = be32(p + 2);
  if (fm && fm < g_fmax) g_fmax = fm;
  m_begin(&e, 0, 10, 31);
  e16(&e, chmax ? chmax : 2047), e32(&e, g_fmax), e16(&e, 0);
  if (m_send(c, &e)) goto bad;
  m_begin(&e, 0, 10, 40);
  ess(&e, o_vhost), ess(&e, ""), e8(&e, 0);
  if (m_send(c, &e)) goto bad;
  if (!m_wait(c, 10, 41)) goto bad;
  if (chan) {
    m_begin(&e, 1, 20, 10);
    ess(&e, "");
    if (m_send(c, &e) || !m_wait(c, 20, 11)) goto bad;
  }
  return 0;
bad:
  conn_close(c);
  return -1;
}
static void amqp_close(conn *c) {
  enc e;
  m_begin(&e, 0, 10, 50);
  e16(&e, 200), ess(&e, "bye"), e16(&e, 0), e16(&e, 0);
  if (!m_send(c, &e)) m_wait(c, 10, 51);
  conn_close(c);
}
// With --spread every name is as long as the others, so that only its digits need be patched.
#define DIGITS 6
static void q_name(char *b, int i) { sprintf(b, "%s-%0*d", o_qname, o_spread ? DIGITS : 1, i); }
// Methods sent before the first answer is read.
#define PIPELINE 1000
static double g_declare_ms;
static void q_setup(conn *c) {
  enc e;
  char q[128];
  if (o_exchange) {
    m_begin(&e, 1, 40, 10);
    e16(&e, 0), ess(&e, o_qname), ess(&e, o_exchange), e8(&e, o_durable ? 2 : 0), e32(&e, 0);
    if (m_send(c, &e) || !m_wait(c, 40, 11)) die("exchange.declare failed");
  }
  uint64_t t0 = now_ns();
  for (int i = 0, answered = 0; answered < o_queues;) {
    for (; i < o_queues && i - answered < PIPELINE; i++) {
      q_name(q, i);
      m_begin(&e, 1, 50, 10);
      e16(&e, 0), ess(&e, q), e8(&e, o_durable ? 2 : 0);
      size_t at = e.n;
      e32(&e, 0);
      if (o_qtype) ess(&e, "x-queue-type"), e8(&e, 'S'), els(&e, o_qtype, strlen(o_qtype));
      if (o_qmode_lazy) ess(&e, "x-queue-mode"), e8(&e, 'S'), els(&e, "lazy", 4);
      wr32(e.b + at, e.n - at - 4);
      if (m_send(c, &e)) die("queue.declare failed");
    }
    for (; answered < i; answered++)
      if (!m_wait(c, 50, 11)) die("queue.declare failed");
  }
  g_declare_ms = (now_ns() - t0) / 1e6;
  for (int i = 0; i < o_queues && (o_exchange || o_purge); i++) {
    q_name(q, i);
    if (o_exchange) {
      m_begin(&e, 1, 50, 20);
      e16(&e, 0), ess(&e, q), ess(&e, o_qname), ess(&e, "load.*.#"), e8(&e, 0), e32(&e, 0);
      if (m_send(c, &e) || !m_wait(c, 50, 21)) die("queue.bind failed");
    }
    if (o_purge) {
      m_begin(&e, 1, 50, 30);
      e16(&e, 0), ess(&e, q), e8(&e, 0);
      if (m_send(c, &e) || !m_wait(c, 50, 31)) die("queue.purge failed");
    }
  }
}
static void q_delete(conn *c) {
  enc e;
  char q[128];
  for (int i = 0, answered = 0; answered < o_queues;) {
    for (; i < o_queues && i - answered < PIPELINE; i++) {
      q_name(q, i);
      m_begin(&e, 1, 50, 40);
      e16(&e, 0), ess(&e, q), e8(&e, 0);
      if (m_send(c, &e)) return;
    }
    for (; answered < i; answered++)
      if (!m_wait(c, 50, 41)) return;
  }
  if (o_exchange) {
    m_begin(&e, 1, 40, 20);
    e16(&e, 0), ess(&e, o_qname), e8(&e, 0);
    if (!m_send(c, &e)) m_wait(c, 40, 21);
  }
}

// ---- run phase ----
typedef struct {
  conn c;
  uint64_t sent, acked, nacked;
  uint64_t *ts, tsmask;
  uint8_t *buf;
  int k;
  size_t mlen, body, key;  // length of one message on the wire, offsets of its body and of its routing key's digits
  int turn;                // with --spread: the queue of the next message
  size_t po, pl;      // pending part of buf
} prod;
typedef struct {
  conn c;
  uint64_t got, tag, unacked, gaps, redel;
  uint64_t *nextseq;  // of each queue, with --spread; of all otherwise
  uint64_t left;  // body bytes of the current message still to come
  int fresh;
} cons;
static prod *P;
static cons *C;
static hist_t h_conf, h_e2e;
static uint64_t g_sent, g_acked, g_got;
// How often each message is consumed: once from every queue of an exchange, and by every consumer of a stream.
static int g_copies = 1;
static int g_measuring, g_stop_pub;
static char (*g_digits)[DIGITS];

static void prod_build(prod *p, int i) {
  char q[128];
  q_name(q, i % o_queues);
  const char *ex = o_exchange ? o_qname : "", *rk = o_exchange ? "load.key.x" : q;
  uint8_t *m = malloc(o_size + 1024 + (size_t)(o_size / (g_fmax - 8) + 1) * 8);
  enc e;
  m_begin(&e, 1, 60, 40);
  e16(&e, 0), ess(&e, ex), ess(&e, rk), e8(&e, o_mandatory ? 1 : 0);
  m_end(&e);
  size_t n = e.n;
  memcpy(m, e.b, n);
  p->key = n - 2 - DIGITS;
  e.n = 0;
  e8(&e, 2), e16(&e, 1), e32(&e, 0), e16(&e, 60), e16(&e, 0), e64(&e, o_size), e16(&e, 0x1000), e8(&e, o_persist ? 2 : 1);
  m_end(&e);
  memcpy(m + n, e.b, e.n);
  n += e.n;
  p->body = n + 7;
  size_t left = o_size;
  uint32_t rnd = 12345;
  while (left) {
    size_t f = left > g_fmax - 8 ? g_fmax - 8 : left;
    m[n] = 3, wr16(m + n + 1, 1), wr32(m + n + 3, f);
    for (size_t j = 0; j < f; j++) rnd = rnd * 1664525 + 1013904223, m[n + 7 + j] = rnd >> 24;
    m[n + 7 + f] = 0xCE;
    n += f + 8;
    left -= f;
  }
  p->mlen = n;
  p->k = 128 * 1024 / n;
  if (p->k < 1) p->k = 1;
  if (p->k > 1000) p->k = 1000;
  p->buf = malloc(n * p->k);
  for (int j = 0; j < p->k; j++) memcpy(p->buf + n * j, m, n);
  free(m);
  size_t cap = 1;
  while (cap < (size_t)(o_confirm + p->k + 2) * 2) cap *= 2;
  p->ts = calloc(cap, 8);
  p->tsmask = cap - 1;
}
static double g_rate_start;
// Writes while allowed. Returns 1 if it could go on at once.
static int produce(prod *p) {
  for (int it = 0; it < 4; it++) {
    if (p->po == p->pl) {
      if (g_stop_pub) return 0;
      long can = p->k;
      if (o_confirm) {
        long a = o_confirm - (long)(p->sent - p->acked);
        if (a < can) can = a;
        if (can < o_minbatch && o_minbatch <= o_confirm) return 0;
      }
      if (o_inflight) {
        long a = o_inflight - (long)(g_sent - g_got / g_copies);
        if (a < o_inflight / 8) return 0;
        if (a < can) can = a;
      }
      if (o_rate) {
        long a = (long)((now_ns() / 1e9 - g_rate_start) * o_rate) - (long)g_sent;
        if (a < can) can = a;
      }
      if (o_count && (long)(o_count - g_sent) < can) can = o_count - g_sent;
      if (can <= 0) return 0;
      uint64_t t = now_ns();
      uint8_t *b = p->buf + p->body;
      for (long j = 0; j < can; j++, b += p->mlen) {
        if (o_size >= 8) memcpy(b, &t, 8);
        if (o_size >= 16) memcpy(b + 8, &p->sent, 8);
        p->ts[++p->sent & p->tsmask] = t;
      }
      if (o_spread) {
        b = p->buf + p->key;
        for (long j = 0; j < can; j++, b += p->mlen) {
          memcpy(b, g_digits[p->turn], DIGITS);
          if (++p->turn == o_queues) p->turn = 0;
        }
      }
      g_sent += can;
      p->po = 0, p->pl = can * p->mlen;
    }
    while (p->po < p->pl) {
      ssize_t r = conn_wr(&p->c, p->buf + p->po, p->pl - p->po);
      if (r < 0) die("producer connection lost");
      if (r == 0) {
        p->c.blocked = 1;
        ep_out(&p->c, 1);
        return 0;
      }
      p->po += r;
    }
    p->po = p->pl = 0;
  }
  return 1;
}
static void srv_closed(uint8_t *p) { die("closed by server: %d %.*s", be16(p + 11), p[13], p + 14); }
static void on_prod_frame(prod *p, uint8_t *f) {
  if (f[0] != 1) return;
  int k = be16(f + 7), m = be16(f + 9);
  if (k == 60 && (m == 80 || m == 120)) {
    uint64_t tag = be64(f + 11), t = now_ns();
    int multiple = f[19] & 1;
    uint64_t n = 1;
    if (multiple) {
      n = tag > p->acked ? tag - p->acked : 0;
      if (g_measuring)
        for (uint64_t s = p->acked + 1; s <= tag; s++) hist_add(&h_conf, t - p->ts[s & p->tsmask], 1);
      p->acked += n;
    } else {
      // Single confirms may come out of order; the count is what the window needs.
      p->acked++;
      if (g_measuring) hist_add(&h_conf, t - p->ts[tag & p->tsmask], 1);
    }
    if (m == 120) p->nacked += n;
    g_acked += n;
  } else if ((k == 10 && m == 50) || (k == 20 && m == 40)) {
    srv_closed(f);
  }
}
static void send_ack(cons *c, uint64_t tag, int multiple) {
  uint8_t *o = conn_out(&c->c, 21);
  o[0] = 1, wr16(o + 1, 1), wr32(o + 3, 13), wr16(o + 7, 60), wr16(o + 9, 80), wr64(o + 11, tag), o[19] = multiple, o[20] = 0xCE;
}
static uint64_t g_t;
static uint64_t g_first_ns;
static void on_cons_frame(cons *c, uint8_t *f, uint32_t sz) {
  if (f[0] == 3) {
    if (c->fresh) {
      c->fresh = 0;
      if (o_size >= 16 && sz >= 16) {
        uint64_t ts, seq;
        memcpy(&ts, f + 7, 8);
        memcpy(&seq, f + 15, 8);
        if (g_measuring && g_t > ts) hist_add(&h_e2e, g_t - ts, 1);
        // Messages go round the queues in turn, and each queue keeps its own in order.
        uint64_t step = o_spread ? o_queues : 1, *next = &c->nextseq[o_spread ? (uint32_t)seq % (uint32_t)o_queues : 0];
        if (*next && seq != *next) c->gaps++;
        *next = seq + step;
      }
    }
    c->left -= sz;
    if (c->left) return;
  } else if (f[0] == 1) {
    int k = be16(f + 7), m = be16(f + 9);
    if (k == 60 && m == 60) {
      int l = f[11];
      c->tag = be64(f + 12 + l);
      if (f[20 + l]) c->redel++;
    } else if ((k == 10 && m == 50) || (k == 20 && m == 40)) {
      srv_closed(f);
    }
    return;
  } else if (f[0] == 2) {
    c->left = be64(f + 11);
    c->fresh = 1;
    if (c->left) return;
  } else {
    return;
  }
  // a whole message
  if (o_count && (long)g_got >= o_count * g_copies) return;  // more than asked for: left to be delivered again
  if (!g_got) g_first_ns = now_ns();
  c->got++;
  g_got++;
  if (o_ackbatch && ++c->unacked >= (uint64_t)o_ackbatch) {
    send_ack(c, c->tag, o_ackbatch > 1);
    c->unacked = 0;
  }
}
static void drain(conn *c) {
  for (int it = 0; it < (c->ssl ? 1 << 30 : 2); it++) {
    if (c->rs == c->re) c->rs = c->re = 0;
    else if (c->rs && c->rcap - c->re < 192 * 1024) {
      memmove(c->rb, c->rb + c->rs, c->re - c->rs);
      c->re -= c->rs;
      c->rs = 0;
    }
    // A TLS read returns one record at a time; fill the buffer before parsing.
    ssize_t r = conn_rd(c, c->rb + c->re, c->rcap - c->re);
    if (r < 0) die("connection lost (%s)", c->kind ? "consumer" : "producer");
    if (r == 0) return;
    c->re += r;
    if (c->kind) g_t = now_ns();
    while (c->re - c->rs >= 8) {
      uint8_t *f = c->rb + c->rs;
      uint32_t sz = be32(f + 3);
      if (c->re - c->rs < sz + 8) break;
      if (c->kind) on_cons_frame((cons *)c, f, sz);
      else on_prod_frame((prod *)c, f);
      c->rs += sz + 8;
    }
    if (c->oo < c->ol) conn_flush(c);
  }
}

// ---- connection churn and idle connections ----
static volatile int churn_stop;
static void *churn_thread(void *a) {
  long n = 0;
  while (!churn_stop) {
    conn c;
    if (amqp_open(&c, 1)) {
      fprintf(stderr, "load: churn: connection failed\n");
      usleep(10000);
      continue;
    }
    amqp_close(&c);
    n++;
  }
  *(long *)a = n;
  return NULL;
}

enum { O_HOST = 256, O_PORT, O_TLS, O_CA, O_SUITES, O_USER, O_PASS, O_VHOST, O_PROD, O_CONS, O_QUEUES, O_SIZE, O_PERSIST, O_CONFIRM, O_PREFETCH, O_ACKBATCH,
       O_AUTOACK, O_DURABLE, O_QTYPE, O_LAZY, O_QNAME, O_EXCHANGE, O_DUR, O_WARM, O_COUNT, O_INFLIGHT, O_RATE, O_MINBATCH, O_PID, O_NAME, O_NODECL, O_DELETE,
       O_PURGE, O_WAIT, O_FIRST, O_CHURN, O_CHURNT, O_IDLE, O_STALL, O_RESUME, O_SNDBUF, O_MANDATORY, O_SERVER_NAME, O_HELLO, O_START, O_PROGRESS, O_SPREAD, O_HELP };
static struct option opts[] = {
    {"host", 1, 0, O_HOST}, {"port", 1, 0, O_PORT}, {"tls", 0, 0, O_TLS}, {"ca", 1, 0, O_CA}, {"ciphersuites", 1, 0, O_SUITES}, {"user", 1, 0, O_USER},
    {"pass", 1, 0, O_PASS}, {"vhost", 1, 0, O_VHOST}, {"producers", 1, 0, O_PROD}, {"consumers", 1, 0, O_CONS}, {"queues", 1, 0, O_QUEUES},
    {"size", 1, 0, O_SIZE}, {"persistent", 0, 0, O_PERSIST}, {"confirm", 1, 0, O_CONFIRM}, {"prefetch", 1, 0, O_PREFETCH}, {"ack-batch", 1, 0, O_ACKBATCH},
    {"autoack", 0, 0, O_AUTOACK}, {"durable", 0, 0, O_DURABLE}, {"qtype", 1, 0, O_QTYPE}, {"lazy", 0, 0, O_LAZY}, {"qname", 1, 0, O_QNAME},
    {"exchange", 1, 0, O_EXCHANGE}, {"duration", 1, 0, O_DUR}, {"warmup", 1, 0, O_WARM}, {"count", 1, 0, O_COUNT}, {"inflight", 1, 0, O_INFLIGHT},
    {"rate", 1, 0, O_RATE}, {"min-batch", 1, 0, O_MINBATCH}, {"pid", 1, 0, O_PID}, {"name", 1, 0, O_NAME}, {"no-declare", 0, 0, O_NODECL},
    {"delete", 0, 0, O_DELETE}, {"purge", 0, 0, O_PURGE}, {"wait", 1, 0, O_WAIT}, {"first", 0, 0, O_FIRST}, {"churn", 0, 0, O_CHURN},
    {"churn-threads", 1, 0, O_CHURNT}, {"idle", 1, 0, O_IDLE}, {"stall", 1, 0, O_STALL}, {"resume", 0, 0, O_RESUME}, {"sndbuf", 1, 0, O_SNDBUF},
    {"mandatory", 0, 0, O_MANDATORY}, {"server-name", 1, 0, O_SERVER_NAME}, {"hello", 0, 0, O_HELLO}, {"start", 0, 0, O_START},
    {"progress", 0, 0, O_PROGRESS}, {"spread", 0, 0, O_SPREAD}, {"help", 0, 0, O_HELP}, {0}};
static void usage(void) {
  puts("amqp091_load [options]; prints one JSON line\n"
       "  --host 127.0.0.1 --port N --user U --pass P --vhost V\n"
       "  --tls [--ca FILE] [--ciphersuites TLS_AES_256_GCM_SHA384]  (TLS 1.3 only)\n"
       "  --server-name localhost   the name that the server's certificate must have\n"
       "  LOAD_PASSWORD in the environment stands for --pass: an argument can be read by every user\n"
       "  --producers N --consumers N --queues N   producer i and consumer i use queue i mod N\n"
       "  --spread            each producer publishes to all N queues in turn, each consumer consumes from all N on one channel\n"
       "  --exchange topic    declare this kind of exchange, bind every queue with 'load.*.#', publish to it (fan-out)\n"
       "  --size BYTES        body; from 16 on it carries a timestamp and a sequence number\n"
       "  --persistent --durable --qtype classic|quorum|stream --lazy --qname load\n"
       "  --confirm W         publisher confirms with at most W unconfirmed per producer (0: none)\n"
       "  --min-batch N       with --confirm: wait until N can be sent at once\n"
       "  --inflight N        publish only while sent minus consumed is below N (0: no limit)\n"
       "  --rate N            publish at most N a second in all\n"
       "  --prefetch N --ack-batch N   manual acks, one ack(multiple) every N;  --autoack (default)\n"
       "  --warmup S --duration S | --count N      with --count: until N are published and consumed\n"
       "  --pid P[,P...]      server processes whose CPU and memory are reported\n"
       "  --purge --delete --no-declare\n"
       "  --wait S            retry the first connection for S seconds (start-up time: connect_ms)\n"
       "  --start             stop once a connection with a channel is open (connected_at_ns of the monotonic clock)\n"
       "  --hello             stop once the server has said connection.start: no log-in\n"
       "  --first             stop at the first delivery (first_at_ns)\n"
       "  --progress          add the counts of each half second: \"progress\":[[published,confirmed,consumed],...]\n"
       "  --churn [--churn-threads 4] [--resume]   open and close connections for --duration\n"
       "  --idle N            open N connections with a channel, report the server's memory\n"
       "  --stall S           with --count: give up after S seconds without progress");
  exit(0);
}

int main(int argc, char **argv) {
  int o;
  uint64_t t_main = now_ns();
  while ((o = getopt_long(argc, argv, "", opts, NULL)) != -1) switch (o) {
      case O_HOST: o_host = optarg; break;
      case O_PORT: o_port = atoi(optarg); break;
      case O_TLS: o_tls = 1; break;
      case O_CA: o_ca = optarg; break;
      case O_SUITES: o_suites = optarg; break;
      case O_USER: o_user = optarg; break;
      case O_PASS: o_pass = optarg; break;
      case O_VHOST: o_vhost = optarg; break;
      case O_PROD: o_prod = atoi(optarg); break;
      case O_CONS: o_cons = atoi(optarg); break;
      case O_QUEUES: o_queues = atoi(optarg); break;
      case O_SIZE: o_size = atoi(optarg); break;
      case O_PERSIST: o_persist = 1; break;
      case O_CONFIRM: o_confirm = atoi(optarg); break;
      case O_PREFETCH: o_prefetch = atoi(optarg); break;
      case O_ACKBATCH: o_ackbatch = atoi(optarg); break;
      case O_AUTOACK: o_ackbatch = 0; break;
      case O_DURABLE: o_durable = 1; break;
      case O_QTYPE: o_qtype = optarg; break;
      case O_LAZY: o_qmode_lazy = 1; break;
      case O_QNAME: o_qname = optarg; break;
      case O_EXCHANGE: o_exchange = optarg; break;
      case O_DUR: o_dur = atof(optarg); break;
      case O_WARM: o_warm = atof(optarg); break;
      case O_COUNT: o_count = atol(optarg); break;
      case O_INFLIGHT: o_inflight = atol(optarg); break;
      case O_RATE: o_rate = atol(optarg); break;
      case O_MINBATCH: o_minbatch = atol(optarg); break;
      case O_PID: pids_parse(optarg); break;
      case O_NAME: o_name = optarg; break;
      case O_NODECL: o_nodeclare = 1; break;
      case O_DELETE: o_delete = 1; break;
      case O_PURGE: o_purge = 1; break;
      case O_WAIT: o_wait = atoi(optarg); break;
      case O_FIRST: o_first = 1; break;
      case O_CHURN: o_churn = 1; break;
      case O_CHURNT: o_churn_threads = atoi(optarg); break;
      case O_IDLE: o_idle = atoi(optarg); break;
      case O_STALL: o_stall = atof(optarg); break;
      case O_RESUME: o_noresume = 0; break;
      case O_SNDBUF: g_sndbuf = atoi(optarg); break;
      case O_MANDATORY: o_mandatory = 1; break;
      case O_SERVER_NAME: g_server_name = optarg; break;
      case O_HELLO: o_hello = o_start = 1; break;
      case O_START: o_start = 1; break;
      case O_PROGRESS: o_progress = 1; break;
      case O_SPREAD: o_spread = 1; break;
      default: usage();
    }
  if (getenv("LOAD_PASSWORD")) o_pass = getenv("LOAD_PASSWORD");
  signal(SIGPIPE, SIG_IGN);
  if (o_exchange) g_copies = o_queues;
  else if (o_qtype && !strcmp(o_qtype, "stream") && o_cons) g_copies = o_cons / o_queues;
  if (o_tls) tls_init(o_ca, o_suites, o_noresume);
  g_ep = epoll_create1(EPOLL_CLOEXEC);

  conn admin;
  uint64_t t_lim = now_ns() + (uint64_t)o_wait * 1000000000ull;
  while (amqp_open(&admin, !o_hello)) {
    if (now_ns() >= t_lim) die("cannot connect to %s:%d", o_host, o_port);
    usleep(1000);
  }
  uint64_t t_conn = now_ns();
  if (o_start) {
    printf("{\"name\":\"%s\",\"connected_at_ns\":%lu}\n", o_name, t_conn);
    return 0;
  }
  double connect_ms = (now_ns() - t_main) / 1e6;
  double u0, s0, u1, s1;

  if (o_churn) {
    pthread_t th[64];
    long n[64] = {0}, tot = 0;
    double c0 = srv_cpu(&u0, &s0), me0 = self_cpu();
    uint64_t t0 = now_ns();
    for (int i = 0; i < o_churn_threads; i++) pthread_create(&th[i], NULL, churn_thread, &n[i]);
    usleep(o_dur * 1e6);
    churn_stop = 1;
    for (int i = 0; i < o_churn_threads; i++) pthread_join(th[i], NULL), tot += n[i];
    double dt = (now_ns() - t0) / 1e9, cpu = srv_cpu(&u1, &s1) - c0;
    printf("{\"name\":\"%s\",\"churn_per_s\":%.1f,\"server_cpu_s\":%.2f,\"self_cpu_s\":%.2f,\"conns_per_cpu_s\":%.1f,\"rss_kb\":%ld}\n", o_name, tot / dt, cpu,
           self_cpu() - me0, cpu > 0 ? tot / cpu : 0, srv_mem_kb("VmRSS:"));
    return 0;
  }
  if (o_idle) {
    conn *cs = calloc(o_idle, sizeof *cs);
    long r0 = srv_mem_kb("VmRSS:");
    uint64_t t0 = now_ns();
    for (int i = 0; i < o_idle; i++) {
      if (amqp_open(&cs[i], 1)) die("idle connection %d failed", i);
      free(cs[i].rb), cs[i].rb = NULL;
    }
    double open_s = (now_ns() - t0) / 1e9;
    sleep(3);
    double c0 = srv_cpu(&u0, &s0);
    usleep(o_dur * 1e6);
    double cpu = srv_cpu(&u1, &s1) - c0;
    long r1 = srv_mem_kb("VmRSS:");
    printf("{\"name\":\"%s\",\"idle\":%d,\"open_s\":%.2f,\"rss0_kb\":%ld,\"rss1_kb\":%ld,\"kb_per_conn\":%.1f,\"idle_cpu_s\":%.2f}\n", o_name, o_idle, open_s, r0,
           r1, (double)(r1 - r0) / o_idle, cpu);
    return 0;
  }

  if (!o_nodeclare) q_setup(&admin);
  if (o_spread) {
    if (o_prod > 1 || o_exchange || o_queues > 1000000) die("--spread takes one producer, no exchange and at most 1000000 queues");
    g_digits = malloc(o_queues * sizeof *g_digits);
    for (int i = 0; i < o_queues; i++) {
      char digits[16];
      sprintf(digits, "%0*d", DIGITS, i);
      memcpy(g_digits[i], digits, DIGITS);
    }
  }
  P = calloc(o_prod + 1, sizeof *P);
  C = calloc(o_cons + 1, sizeof *C);
  for (int i = 0; i < o_cons; i++) {
    cons *c = &C[i];
    if (amqp_open(&c->c, 1)) die("consumer cannot connect");
    c->c.kind = 1;
    enc e;
    if (o_prefetch) {
      m_begin(&e, 1, 60, 10);
      e32(&e, 0), e16(&e, o_prefetch), e8(&e, 0);
      if (m_send(&c->c, &e) || !m_wait(&c->c, 60, 11)) die("basic.qos failed");
    }
    c->nextseq = calloc(o_spread ? o_queues : 1, sizeof *c->nextseq);
    for (int j = 0; j < (o_spread ? o_queues : 1); j++) {
      char q[128], tag[16] = "c";
      q_name(q, o_spread ? j : i % o_queues);
      if (o_spread) sprintf(tag, "c%0*d", DIGITS, j);
      m_begin(&e, 1, 60, 20);
      e16(&e, 0), ess(&e, q), ess(&e, tag), e8(&e, o_ackbatch ? 0 : 2), e32(&e, 0);
      if (m_send(&c->c, &e) || !m_wait(&c->c, 60, 21)) die("basic.consume failed");
    }
  }
  for (int i = 0; i < o_prod; i++) {
    prod *p = &P[i];
    if (amqp_open(&p->c, 1)) die("producer cannot connect");
    if (o_confirm) {
      enc e;
      m_begin(&e, 1, 85, 10);
      e8(&e, 0);
      if (m_send(&p->c, &e) || !m_wait(&p->c, 85, 11)) die("confirm.select failed");
    }
    prod_build(p, i);
  }
  for (int i = 0; i < o_cons; i++) set_nb(C[i].c.fd), ep_add(&C[i].c);
  for (int i = 0; i < o_prod; i++) set_nb(P[i].c.fd), ep_add(&P[i].c);
  for (int i = 0; i < o_cons; i++) {  // what came with consume-ok
    conn *c = &C[i].c;
    g_t = now_ns();
    while (c->re - c->rs >= 8) {
      uint8_t *f = c->rb + c->rs;
      uint32_t sz = be32(f + 3);
      if (c->re - c->rs < sz + 8) break;
      on_cons_frame(&C[i], f, sz);
      c->rs += sz + 8;
    }
    drain(c);
  }

  uint64_t t0 = now_ns(), tw = t0 + (uint64_t)(o_count ? 0 : o_warm * 1e9), te = tw + (uint64_t)(o_dur * 1e9), last_prog = t0;
  uint64_t pub0 = 0, got0 = 0, ack0 = 0, seen = 0, tm0 = t0, t_rss = t0;
  double cpu0 = 0, me0 = 0, sys0 = 0, st0 = 0;
  long rss_max = 0;
  g_rate_start = now_ns() / 1e9;
  int started = 0, more = 0;
  size_t nprog = 0, pcap = 1024;
  uint64_t(*prog)[3] = malloc(pcap * sizeof *prog), t_prog = t0;
  struct epoll_event ev[64];
  for (;;) {
    uint64_t t = now_ns();
    if (!started && t >= tw) {
      started = 1, g_measuring = 1;
      pub0 = g_sent, got0 = o_count ? 0 : g_got, ack0 = g_acked, tm0 = t;
      cpu0 = srv_cpu(&u0, &s0), me0 = self_cpu(), sys0 = sys_cpu(), st0 = sys_steal();
    }
    if (t - t_rss > 200000000ull) {
      long r = srv_mem_kb("VmRSS:");
      if (r > rss_max) rss_max = r;
      t_rss = t;
    }
    if (o_progress && t - t_prog >= 500000000ull) {
      if (nprog == pcap) prog = realloc(prog, (pcap *= 2) * sizeof *prog);
      prog[nprog][0] = g_sent, prog[nprog][1] = g_acked, prog[nprog++][2] = g_got;
      t_prog += 500000000ull;
    }
    if (o_first && g_got) break;
    if (o_count) {
      int pub_done = !o_prod || ((long)g_sent >= o_count && (!o_confirm || g_acked >= g_sent));
      int con_done = !o_cons || (long)g_got >= o_count * g_copies;
      for (int i = 0; i < o_prod; i++)
        if (P[i].po < P[i].pl) pub_done = 0;
      if (pub_done && con_done) break;
      if (g_sent + g_acked + g_got != seen) seen = g_sent + g_acked + g_got, last_prog = t;
      else if (t - last_prog > o_stall * 1e9) {
        fprintf(stderr, "load: no progress for %.0f s: sent %lu acked %lu got %lu\n", o_stall, g_sent, g_acked, g_got);
        break;
      }
    } else if (t >= te) {
      break;
    }
    int n = epoll_wait(g_ep, ev, 64, more ? 0 : o_rate ? 1 : 20);
    for (int i = 0; i < n; i++) {
      conn *c = ev[i].data.ptr;
      if (ev[i].events & EPOLLOUT) {
        c->blocked = 0;
        ep_out(c, 0);
        if (c->oo < c->ol) conn_flush(c);
      }
      if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) drain(c);
    }
    more = 0;
    for (int i = 0; i < o_prod; i++)
      if (!P[i].c.blocked) more |= produce(&P[i]);
  }
  uint64_t t1 = now_ns();
  double cpu1 = srv_cpu(&u1, &s1), me1 = self_cpu(), dt = (t1 - tm0) / 1e9, cpu = cpu1 - cpu0;
  double sysb = sys_cpu() - sys0, steal = sys_steal() - st0;
  uint64_t pub = g_sent - pub0, got = g_got - got0, nack = 0, gaps = 0, redel = 0;
  for (int i = 0; i < o_prod; i++) nack += P[i].nacked;
  for (int i = 0; i < o_cons; i++) gaps += C[i].gaps, redel += C[i].redel;
  g_measuring = 0;
  long rss = srv_mem_kb("VmRSS:");
  if (rss > rss_max) rss_max = rss;
  uint64_t unit = o_cons ? got : pub;
  printf("{\"name\":\"%s\",\"secs\":%.2f,\"pub_s\":%.0f,\"conf_s\":%.0f,\"cons_s\":%.0f,\"conf_p50_ms\":%.3f,\"conf_p99_ms\":%.3f,\"e2e_p50_ms\":%.3f,\"e2e_p99_ms\":%.3f,"
         "\"self_cpu_s\":%.2f,\"server_cpu_s\":%.2f,\"server_user_s\":%.2f,\"server_sys_s\":%.2f,\"machine_busy_s\":%.2f,\"steal_s\":%.2f,\"msgs_per_cpu_s\":%.0f,\"rss_kb\":%ld,"
         "\"rss_max_kb\":%ld,\"published\":%lu,\"consumed\":%lu,\"nacked\":%lu,\"gaps\":%lu,\"redelivered\":%lu,\"connect_ms\":%.1f,\"declare_ms\":%.1f,\"first_ms\":%.1f,\"connected_at_ns\":%lu,\"first_at_ns\":%lu",
         o_name, dt, pub / dt, (g_acked - ack0) / dt, got / dt, hist_q(&h_conf, .5), hist_q(&h_conf, .99), hist_q(&h_e2e, .5), hist_q(&h_e2e, .99), me1 - me0, cpu,
         u1 - u0, s1 - s0, sysb, steal, cpu > 0 ? unit / cpu : 0, rss, rss_max, g_sent, g_got, nack, gaps, redel, connect_ms, g_declare_ms, g_first_ns ? (g_first_ns - t_main) / 1e6 : 0, t_conn, g_first_ns);
  if (o_progress) {
    printf(",\"progress\":[");
    for (size_t i = 0; i < nprog; i++) printf("%s[%lu,%lu,%lu]", i ? "," : "", prog[i][0], prog[i][1], prog[i][2]);
    printf("]");
  }
  puts("}");
  fflush(stdout);
  if (o_ackbatch && o_count)
    for (int i = 0; i < o_cons; i++)
      if (C[i].unacked) send_ack(&C[i], C[i].tag, 1), conn_flush(&C[i].c);
  if (o_delete) {
    for (int i = 0; i < o_prod; i++) conn_close(&P[i].c);
    for (int i = 0; i < o_cons; i++) conn_close(&C[i].c);
    q_delete(&admin);
    amqp_close(&admin);
  } else if (o_count) {
    usleep(300000);
  }
  return 0;
}

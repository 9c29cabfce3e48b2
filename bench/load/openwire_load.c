// Load generator for OpenWire 12 in loose encoding without cache. See load_flow.h.
//
// Messages are bytes messages. With --window each asks for a response, so that --window 1 is the
// synchronous send of JMS; without it they are sent asynchronously. Consumers acknowledge ranges.
#include "load_flow.h"

enum {
  WIRE_FORMAT_INFO = 1, BROKER_INFO, CONNECTION_INFO, SESSION_INFO, CONSUMER_INFO, PRODUCER_INFO, TRANSACTION_INFO, KEEP_ALIVE_INFO = 10, SHUTDOWN_INFO,
  CONNECTION_ERROR = 16, MESSAGE_DISPATCH = 21, MESSAGE_ACK, BYTES_MESSAGE = 24, RESPONSE = 30, EXCEPTION_RESPONSE, QUEUE = 100, TOPIC, MESSAGE_ID = 110,
  LOCAL_TRANSACTION_ID, XA_TRANSACTION_ID, CONNECTION_ID = 120, SESSION_ID, CONSUMER_ID, PRODUCER_ID
};
enum { BEGIN = 0, COMMIT_ONE_PHASE = 2, STANDARD_ACK = 2 };

// ---- encoding ----
typedef struct {
  uint8_t b[2048];
  size_t n;
} enc;
static void e8(enc *e, int v) { e->b[e->n++] = v; }
static void e32(enc *e, uint32_t v) { wr32(e->b + e->n, v), e->n += 4; }
static void e64(enc *e, uint64_t v) { wr64(e->b + e->n, v), e->n += 8; }
static void eraw(enc *e, const void *p, size_t n) {
  if (e->n + n > sizeof e->b) die("a command is too long");
  memcpy(e->b + e->n, p, n), e->n += n;
}
static void zeros(enc *e, size_t n) { memset(e->b + e->n, 0, n), e->n += n; }
static void name_of(enc *e, const char *s) { wr16(e->b + e->n, strlen(s)), e->n += 2, eraw(e, s, strlen(s)); }
static void string(enc *e, const char *s) {
  e8(e, s != NULL);
  if (s) name_of(e, s);
}
static void nested(enc *e, int type) { e8(e, 1), e8(e, type); }
static uint32_t g_command;
static uint32_t begin(enc *e, int type, int wants_response) {
  e->n = 4;
  e8(e, type), e32(e, ++g_command), e8(e, wants_response);
  return g_command;
}
static void end(enc *e) { wr32(e->b, e->n - 4); }
static void connection_id(enc *e, const char *id) { nested(e, CONNECTION_ID), string(e, id); }
static void session_id(enc *e, const char *id) { nested(e, SESSION_ID), string(e, id), e64(e, 1); }
static void consumer_id(enc *e, const char *id) { nested(e, CONSUMER_ID), string(e, id), e64(e, 1), e64(e, 1); }
static void producer_id(enc *e, const char *id) { nested(e, PRODUCER_ID), string(e, id), e64(e, 1), e64(e, 1); }
static void destination(enc *e) { nested(e, o_topic ? TOPIC : QUEUE), string(e, o_queue); }
static void transaction_id(enc *e, const char *id, uint64_t t) { nested(e, LOCAL_TRANSACTION_ID), e64(e, t), connection_id(e, id); }
static void transaction(enc *e, const char *id, uint64_t t, int type, int wants_response) {
  begin(e, TRANSACTION_INFO, wants_response);
  connection_id(e, id), transaction_id(e, id, t), e8(e, type);
  end(e);
}

// ---- decoding: where a value ends ----
static const uint8_t *skip_string(const uint8_t *p) { return p[0] ? p + 3 + be16(p + 1) : p + 1; }
static const uint8_t *skip_bytes(const uint8_t *p) { return p[0] ? p + 5 + be32(p + 1) : p + 1; }
static const uint8_t *skip_nested(const uint8_t *p) {
  if (!p[0]) return p + 1;
  int type = p[1];
  p += 2;
  switch (type) {
    case QUEUE: case TOPIC: case QUEUE + 2: case TOPIC + 2: case CONNECTION_ID: return skip_string(p);
    case SESSION_ID: return skip_string(p) + 8;
    case CONSUMER_ID: case PRODUCER_ID: return skip_string(p) + 16;
    case MESSAGE_ID: return skip_nested(skip_string(p)) + 16;
    case LOCAL_TRANSACTION_ID: return skip_nested(p + 8);
    case XA_TRANSACTION_ID: return skip_bytes(skip_bytes(p + 4));
    default: die("a value of the unexpected type %d", type);
  }
  return NULL;
}

static size_t frame_length(const uint8_t *b, size_t n) {
  if (n < 4) return 0;
  size_t whole = 4 + (size_t)be32(b);
  return whole <= n ? whole : 0;
}

static void refused(const uint8_t *throwable) {
  if (!throwable[0]) die("the broker refuses");
  const uint8_t *text = skip_string(throwable + 1);
  die("the broker says: %.*s: %.*s", be16(throwable + 2), throwable + 4, text[0] ? be16(text + 1) : 0, text + 3);
}
// Waits for the response to a command.
static void wait_response(conn *c, uint32_t command) {
  size_t n;
  for (uint8_t *f; (f = wait_frame(c, &n));) {
    if (f[4] == EXCEPTION_RESPONSE && be32(f + 10) == command) refused(f + 14);
    if (f[4] == CONNECTION_ERROR) refused(f + 10);
    if (f[4] == RESPONSE && be32(f + 10) == command) return;
  }
  die("connection lost");
}
static void ask(conn *c, enc *e, uint32_t command) {
  put(c, e->b, e->n);
  flush_blocking(c);
  wait_response(c, command);
}

// ---- opening ----
static void flag(enc *e, const char *key, int value) { name_of(e, key), e8(e, 1), e8(e, value); }
static void wire_format(conn *c) {
  enc e = {.n = 4}, map = {.n = 0};
  e32(&map, 5);
  flag(&map, "TightEncodingEnabled", 0);
  flag(&map, "CacheEnabled", 0);
  flag(&map, "SizePrefixDisabled", 0);
  flag(&map, "StackTraceEnabled", 0);
  name_of(&map, "MaxInactivityDuration"), e8(&map, 6), e64(&map, 0);
  e8(&e, WIRE_FORMAT_INFO);
  eraw(&e, "ActiveMQ", 8);
  e32(&e, 12), e8(&e, 1), e32(&e, map.n), eraw(&e, map.b, map.n);
  end(&e);
  put(c, e.b, e.n);
  flush_blocking(c);
  size_t n;
  uint8_t *f = wait_frame(c, &n);
  if (!f || f[4] != WIRE_FORMAT_INFO) die("no WireFormatInfo");
  if (be32(f + 13) < 12) die("the broker speaks version %u only", be32(f + 13));
}
static int log_in(conn *c, const char *client) {
  if (conn_open(c, o_host, o_port, o_tls, RCAP)) return -1;
  enc e;
  wire_format(c);
  uint32_t command = begin(&e, CONNECTION_INFO, 1);
  connection_id(&e, client), string(&e, client), string(&e, o_pass), string(&e, o_user);
  zeros(&e, 2), e8(&e, 1), e8(&e, 1), zeros(&e, 3);  // manageable, clientMaster
  end(&e);
  ask(c, &e, command);
  begin(&e, SESSION_INFO, 0);
  session_id(&e, client);
  end(&e);
  put(c, e.b, e.n);
  flush_blocking(c);
  return 0;
}

static void consumer_name(char *b, size_t n, const consumer *c) { client_name(b, n, "consumer", c->index); }
static void subscribe(consumer *c) {
  char id[64];
  consumer_name(id, sizeof id, c);
  enc e;
  uint32_t command = begin(&e, CONSUMER_INFO, 1);
  consumer_id(&e, id), e8(&e, 0), destination(&e), e32(&e, o_prefetch), e32(&e, 0);
  e8(&e, 1);      // dispatchAsync
  zeros(&e, 13);  // no selector, names, flags, priority, paths and predicate
  end(&e);
  ask(&c->c, &e, command);
}

// The messages of one producer, encoded once: only command id, transaction, sequence and body differ.
typedef struct {
  char producer[64];
  uint8_t *bytes;
  size_t length, transaction_at, sequence_at, body_at;
} template;
static template *templates;

static void prepare_message(template *m) {
  enc e;
  begin(&e, BYTES_MESSAGE, o_window && !o_transaction);
  producer_id(&e, m->producer), destination(&e);
  if (o_transaction) {
    m->transaction_at = e.n + 2;
    transaction_id(&e, m->producer, 0);
  } else {
    e8(&e, 0);
  }
  e8(&e, 0);  // originalDestination
  nested(&e, MESSAGE_ID), string(&e, NULL), producer_id(&e, m->producer);
  m->sequence_at = e.n;
  e64(&e, 0), e64(&e, 0);
  zeros(&e, 1 + 1 + 4 + 1);  // originalTransactionId, groupID, groupSequence, correlationId
  e8(&e, !o_transient), e64(&e, 0), e8(&e, 4), e8(&e, 0);  // persistent, expiration, priority, replyTo
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  e64(&e, (uint64_t)t.tv_sec * 1000), e8(&e, 0);  // timestamp, type
  e8(&e, 1), e32(&e, o_size);
  m->body_at = e.n;
  // marshalledProperties, dataStructure, targetConsumerId, compressed, redeliveryCounter, brokerPath,
  // arrival, userID, receivedByDFBridge, droppable, cluster, brokerInTime, brokerOutTime, jmsxGroupFirstForConsumer
  size_t rest = 1 + 1 + 1 + 1 + 4 + 1 + 8 + 1 + 1 + 1 + 1 + 8 + 8 + 1;
  m->length = e.n + o_size + rest;
  m->bytes = calloc(1, m->length);
  memcpy(m->bytes, e.b, e.n);
  fill_body(m->bytes + m->body_at);
  wr32(m->bytes, m->length - 4);
}
static void prepare_producer(void) {
  if (!templates) templates = calloc(o_producers, sizeof *templates);
  template *m = &templates[P->index];
  client_name(m->producer, sizeof m->producer, "producer", P->index);
  enc e;
  uint32_t command = begin(&e, PRODUCER_INFO, 1);
  producer_id(&e, m->producer), destination(&e), zeros(&e, 1 + 1 + 4);
  end(&e);
  ask(&P->c, &e, command);
  prepare_message(m);
}

// ---- messages ----
static long sendable(void) { return LONG_MAX; }
static void send_one(uint64_t now) {
  template *m = &templates[P->index];
  enc e;
  if (o_transaction && !P->in_transaction) {
    transaction(&e, m->producer, ++P->transaction, BEGIN, 0);
    put(&P->c, e.b, e.n);
    wr64(m->bytes + m->transaction_at, P->transaction);
  }
  wr32(m->bytes + 5, ++g_command);
  wr64(m->bytes + m->sequence_at, P->sent + 1);
  stamp(m->bytes + m->body_at, now);
  put(&P->c, m->bytes, m->length);
  if (!o_transaction) {
    if (o_window) asked(now);
  } else if (++P->in_transaction == (uint64_t)o_transaction) {
    P->in_transaction = 0;
    transaction(&e, m->producer, P->transaction, COMMIT_ONE_PHASE, 1);
    put(&P->c, e.b, e.n);
    asked(now);
  }
}

static void acknowledge(consumer *c) {
  char id[64];
  consumer_name(id, sizeof id, c);
  enc e;
  if (o_transaction) {
    transaction(&e, id, ++c->transaction, BEGIN, 0);
    put(&c->c, e.b, e.n);
  }
  begin(&e, MESSAGE_ACK, 0);
  destination(&e);
  if (o_transaction) transaction_id(&e, id, c->transaction);
  else e8(&e, 0);
  consumer_id(&e, id), e8(&e, STANDARD_ACK);
  eraw(&e, c->first, c->first_length), eraw(&e, c->last, c->last_length);
  e32(&e, c->unacked), e8(&e, 0);
  end(&e);
  put(&c->c, e.b, e.n);
  if (o_transaction) {
    transaction(&e, id, c->transaction, COMMIT_ONE_PHASE, 1);
    put(&c->c, e.b, e.n);
  }
  c->unacked = 0;
}

static void on_dispatch(consumer *c, const uint8_t *f) {
  const uint8_t *p = skip_nested(skip_nested(f + 10));  // consumer and destination
  if (!p[0]) return;
  p = skip_nested(skip_nested(p + 2 + 5));  // producer and destination of the message
  const uint8_t *id = skip_nested(skip_nested(p));  // transaction, original destination
  p = skip_nested(id);
  size_t id_length = p - id;
  if (id_length > sizeof c->last) die("a message id of %zu bytes", id_length);
  if (!c->unacked++) memcpy(c->first, id, id_length), c->first_length = id_length;
  memcpy(c->last, id, id_length), c->last_length = id_length;
  p = skip_string(skip_nested(p)) + 4;  // original transaction, groupID, groupSequence
  p = skip_string(p) + 1 + 8 + 1;       // correlationId, persistent, expiration, priority
  p = skip_string(skip_nested(p) + 8);  // replyTo, timestamp, type
  if (p[0]) received(c, p + 5, be32(p + 1));
  if (c->unacked >= (uint64_t)(o_ackbatch ? o_ackbatch : 1)) acknowledge(c);
}

static void on_frame(conn *c, consumer *of, uint8_t *f, size_t n) {
  (void)n;
  switch (f[4]) {
    case MESSAGE_DISPATCH: on_dispatch(of, f); break;
    case RESPONSE:
      if (!of) confirmed(1);
      break;
    case EXCEPTION_RESPONSE: refused(f + 14); break;
    case CONNECTION_ERROR: refused(f + 10); break;
    case KEEP_ALIVE_INFO:
      if (f[9]) f[9] = 0, put(c, f, n);
      break;
    default: break;
  }
}

static void clean_up(void) {
  enc e;
  begin(&e, SHUTDOWN_INFO, 0);
  end(&e);
  for (int i = 0; i < o_consumers; i++) {
    put(&C[i].c, e.b, e.n);
    flush_blocking(&C[i].c);
  }
  usleep(200000);
}
